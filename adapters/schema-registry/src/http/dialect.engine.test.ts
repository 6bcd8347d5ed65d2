/** The REST dialect: answers and error codes, as its clients read them. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RunningRegistry, startRegistry } from '../testing/running-registry.ts'

let running: RunningRegistry
beforeEach(async () => {
  running = await startRegistry()
})
afterEach(() => running.close())

const json = (properties: object, required: readonly string[] = []): { schemaType: string; schema: string } => ({
  schemaType: 'JSON',
  schema: JSON.stringify({ type: 'object', properties, required }),
})
const text = { type: 'string' }
const first = json({ a: text })
const second = json({ a: text, b: text })
const breaking = json({ a: text, c: text }, ['c'])

const code = async (answer: Promise<{ status: number; body: unknown }>): Promise<readonly unknown[]> => {
  const { status, body } = await answer
  return [status, (body as { error_code?: number }).error_code]
}

test('register, look up, read, list', async () => {
  const { ask } = running
  expect(await ask('POST', '/subjects/s/versions', first)).toEqual({ status: 200, body: { id: 1 } })
  expect(await ask('POST', '/subjects/s/versions', first)).toEqual({ status: 200, body: { id: 1 } })
  expect(await ask('POST', '/subjects/s/versions', second)).toEqual({ status: 200, body: { id: 2 } })
  expect(await ask('POST', '/subjects/a%2Fb/versions', first)).toEqual({ status: 200, body: { id: 1 } })
  expect((await ask('GET', '/subjects')).body).toEqual(['a/b', 's'])
  expect((await ask('GET', '/subjects/s/versions')).body).toEqual([1, 2])
  const version = { subject: 's', version: 2, id: 2, ...second }
  expect((await ask('GET', '/subjects/s/versions/latest')).body).toEqual(version)
  expect((await ask('GET', '/subjects/s/versions/2')).body).toEqual(version)
  expect((await ask('POST', '/subjects/s', second)).body).toEqual(version)
  expect((await ask('GET', '/schemas/ids/2')).body).toEqual(second)
  expect((await ask('GET', '/subjects/s/versions/1/schema')).body).toEqual(JSON.parse(first.schema))
  expect((await ask('GET', '/schemas/ids/1/versions')).body).toEqual([
    { subject: 's', version: 1 },
    { subject: 'a/b', version: 1 },
  ])
  expect((await ask('GET', '/schemas/ids/1/subjects')).body).toEqual(['s', 'a/b'])
  const listed = async (query: string): Promise<unknown> =>
    ((await ask('GET', `/schemas?${query}`)).body as { subject: string; version: number }[]).map(
      ({ subject, version }) => `${subject} ${version}`,
    )
  expect(await listed('subjectPrefix=s')).toContain('s 1')
  expect(await listed('subjectPrefix=s&latestOnly=true')).toHaveLength(1)
  expect(await listed('limit=1')).toEqual(['a/b 1'])
  expect((await ask('GET', '/schemas/types')).body).toEqual(['JSON', 'AVRO', 'PROTOBUF'])
  expect((await ask('GET', '/')).body).toEqual({})
})

test('what is not there has its number', async () => {
  const { ask } = running
  await ask('POST', '/subjects/s/versions', first)
  expect(await code(ask('GET', '/subjects/x/versions'))).toEqual([404, 40401])
  expect(await code(ask('GET', '/subjects/s/versions/9'))).toEqual([404, 40402])
  expect(await code(ask('GET', '/subjects/s/versions/0'))).toEqual([422, 42202])
  expect(await code(ask('GET', '/schemas/ids/9'))).toEqual([404, 40403])
  expect(await code(ask('POST', '/subjects/s', second))).toEqual([404, 40403])
  expect(await code(ask('POST', '/subjects/x', first))).toEqual([404, 40401])
  expect(await code(ask('GET', '/config/s'))).toEqual([404, 40408])
  expect(await code(ask('GET', '/mode/s'))).toEqual([404, 40409])
  expect(await code(ask('GET', '/nothing'))).toEqual([404, 404])
  expect(await code(ask('PATCH', '/subjects/s', {}))).toEqual([405, 405])
})

test('what cannot be used is refused with its number', async () => {
  const { ask } = running
  const register = (body: unknown): Promise<readonly unknown[]> => code(ask('POST', '/subjects/s/versions', body))
  expect(await register({ schemaType: 'JSON', schema: '{"type":"strnig"}' })).toEqual([422, 42201])
  expect(await register({ schemaType: 'JSON', schema: '{' })).toEqual([422, 42201])
  expect(await register({ schema: '{"type":"record"}' })).toEqual([422, 42201])
  expect(await register({ schemaType: 'PROTOBUF', schema: 'message {' })).toEqual([422, 42201])
  expect(await register({ schemaType: 'XML', schema: '<a/>' })).toEqual([422, 42201])
  expect(await register({})).toEqual([422, 42201])
  expect(await register('[1]')).toEqual([400, 400])
  expect(await register('{"schema":')).toEqual([400, 400])
  expect(await register({ ...first, references: [{ name: 'x', subject: 'none', version: 1 }] })).toEqual([422, 42201])
  expect(await code(ask('PUT', '/config', { compatibility: 'SIDEWAYS' }))).toEqual([422, 42203])
  expect(await code(ask('PUT', '/mode', { mode: 'IMPORT' }))).toEqual([422, 42204])
  expect(await code(ask('POST', '/subjects/%00/versions', first))).toEqual([422, 42208])
  expect((await ask('GET', '/subjects')).body).toEqual([])
})

test('a body that is too large is not read to its end', async () => {
  const huge = JSON.stringify({ schema: 'x'.repeat(2 * 1024 * 1024) })
  expect((await running.ask('POST', '/subjects/s/versions', huge)).status).toBe(413)
  const long = { schemaType: 'JSON', schema: JSON.stringify({ description: 'x'.repeat(600 * 1024) }) }
  expect((await running.ask('POST', '/subjects/s/versions', long)).status).toBe(413)
})

test('an incompatible schema is refused with field, rule and witness', async () => {
  const { ask } = running
  await ask('POST', '/subjects/s/versions', first)
  const { status, body } = await ask('POST', '/subjects/s/versions', breaking)
  expect([status, (body as { error_code: number }).error_code]).toEqual([409, 409])
  const { message } = body as { message: string }
  expect(message).toContain("'/c', rule 'required'")
  expect(message).toContain('a document of version 1 is refused: {} (/c is required')
  const path = '/compatibility/subjects/s/versions/latest'
  expect((await ask('POST', path, breaking)).body).toEqual({ is_compatible: false })
  const verbose = (await ask('POST', `${path}?verbose=true`, breaking)).body as { messages: string[] }
  expect(verbose.messages).toHaveLength(1)
  expect((await ask('POST', `${path}?verbose=true`, second)).body).toEqual({ is_compatible: true, messages: [] })
  expect((await ask('POST', '/compatibility/subjects/s/versions', breaking)).body).toEqual({ is_compatible: false })
  expect(await code(ask('POST', '/compatibility/subjects/none/versions/latest', first))).toEqual([404, 40401])
})

test('modes: of all, of a subject, and back', async () => {
  const { ask } = running
  expect((await ask('GET', '/config')).body).toEqual({ compatibilityLevel: 'BACKWARD' })
  await ask('POST', '/subjects/s/versions', first)
  expect((await ask('PUT', '/config/s', { compatibility: 'none' })).body).toEqual({ compatibility: 'NONE' })
  expect((await ask('GET', '/config/s')).body).toEqual({ compatibilityLevel: 'NONE' })
  expect((await ask('POST', '/subjects/s/versions', breaking)).status).toBe(200)
  expect((await ask('DELETE', '/config/s')).body).toEqual({ compatibilityLevel: 'NONE' })
  expect(await code(ask('GET', '/config/s'))).toEqual([404, 40408])
  expect((await ask('GET', '/config/s?defaultToGlobal=true')).body).toEqual({ compatibilityLevel: 'BACKWARD' })
  await ask('PUT', '/config', { compatibility: 'FULL_TRANSITIVE' })
  expect((await ask('POST', '/subjects/s/versions', json({ c: text }, ['c']))).status).toBe(409)
  await ask('PUT', '/mode/s', { mode: 'READONLY' })
  expect(await code(ask('POST', '/subjects/s/versions', second))).toEqual([422, 42205])
  expect((await ask('DELETE', '/mode/s')).body).toEqual({ mode: 'READONLY' })
})

test('deleting takes two steps, and what is referred to stays', async () => {
  const { ask } = running
  await ask('POST', '/subjects/s/versions', first)
  await ask('POST', '/subjects/s/versions', second)
  expect(await code(ask('DELETE', '/subjects/s/versions/1?permanent=true'))).toEqual([404, 40407])
  expect((await ask('DELETE', '/subjects/s/versions/1')).body).toBe(1)
  expect(await code(ask('DELETE', '/subjects/s/versions/1'))).toEqual([404, 40406])
  expect((await ask('GET', '/subjects/s/versions')).body).toEqual([2])
  expect((await ask('GET', '/subjects/s/versions?deleted=true')).body).toEqual([1, 2])
  expect((await ask('GET', '/schemas/ids/1')).status).toBe(200)
  expect(await code(ask('DELETE', '/subjects/s?permanent=true'))).toEqual([404, 40405])
  expect((await ask('DELETE', '/subjects/s')).body).toEqual([2])
  expect(await code(ask('DELETE', '/subjects/s'))).toEqual([404, 40404])
  expect((await ask('GET', '/subjects?deleted=true')).body).toEqual(['s'])
  expect((await ask('DELETE', '/subjects/s?permanent=true')).body).toEqual([1, 2])
  expect(await code(ask('DELETE', '/subjects/s'))).toEqual([404, 40401])

  await ask('POST', '/subjects/base/versions', json({ v: text }, ['v']))
  const using = { schemaType: 'JSON', schema: '{"type":"object","properties":{"b":{"$ref":"Base"}}}' }
  const references = [{ name: 'Base', subject: 'base', version: 1 }]
  expect((await ask('POST', '/subjects/user/versions', { ...using, references })).status).toBe(200)
  expect(await code(ask('DELETE', '/subjects/base'))).toEqual([422, 42206])
  expect((await ask('GET', '/subjects/user/versions/1')).body).toMatchObject({ references })
})

test('what changes state needs the token, and no other site may ask', async () => {
  const { ask } = running
  expect(await code(ask('POST', '/subjects/s/versions', first, { authorization: 'Bearer wrong' }))).toEqual([
    401, 40101,
  ])
  expect(await code(ask('PUT', '/config', { compatibility: 'NONE' }, { authorization: '' }))).toEqual([401, 40101])
  expect(await code(ask('DELETE', '/subjects/s', undefined, { authorization: '' }))).toEqual([401, 40101])
  const basic = `Basic ${Buffer.from('anybody:secret').toString('base64')}`
  expect((await ask('POST', '/subjects/s/versions', first, { authorization: basic })).status).toBe(200)
  expect((await ask('GET', '/subjects', undefined, { authorization: '' })).status).toBe(200)
  expect((await ask('POST', '/subjects/s', first, { authorization: '' })).status).toBe(200)
  expect((await ask('GET', '/subjects', undefined, { origin: 'https://example.com' })).status).toBe(403)
  expect((await ask('POST', '/subjects/s/versions', first, { 'content-type': 'text/plain' })).status).toBe(415)
})
