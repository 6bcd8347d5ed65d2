// `banyan schema` against a registry that runs: the system of the tests is registered, judged and looked at.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMemoryStorage, createRegistry, openRegistryServer, type Registry } from '@banyan/schema-registry'
import { type HttpServer, realEnvironment } from 'banyan/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createPlace, type Env, type Place, startCommand } from './testing/running-system.ts'

let place: Place
let registry: Registry
let server: HttpServer
beforeEach(async () => {
  place = createPlace()
  registry = createRegistry({ storage: createMemoryStorage() })
  server = await openRegistryServer({ environment: realEnvironment(), registry, token: 'secret', port: 0 })
})
afterEach(async () => {
  await server.close(100)
  await place.remove()
})

async function schema(args: readonly string[], env: Env = {}): Promise<{ code: unknown; output: string }> {
  const address = { BANYAN_SCHEMA_REGISTRY: `http://127.0.0.1:${server.port}`, BANYAN_SCHEMA_TOKEN: 'secret' }
  const command = startCommand(
    ['schema', ...args],
    { BANYAN_DATA_DIR: place.dataDir, ...address, ...env },
    place.project,
  )
  const { code } = await command.ended
  return { code, output: command.output() }
}

test('check, register, list, show, config', async () => {
  const checked = await schema(['check', '--json'])
  expect(checked.code).toBe(0)
  const { schemas } = JSON.parse(checked.output) as { schemas: { subject: string; state: string }[] }
  expect(schemas.length).toBeGreaterThan(2)
  expect(schemas.every(({ state }) => state === 'new')).toBe(true)
  expect(await registry.subjects()).toEqual([])

  expect((await schema(['register'])).output).toContain(
    `${schemas.length} schemas: all compatible, ${schemas.length} new`,
  )
  expect((await schema(['register'])).output).toContain('all compatible, 0 new')
  const event = (await registry.subjects()).find((subject) => !subject.includes('/')) as string
  expect((await schema(['list'])).output).toMatch(new RegExp(`${event} +1 +1 +\\d+ +JSON +FULL`))
  expect(JSON.parse((await schema(['show', event])).output)).toMatchObject({ type: 'object' })
  expect(await schema(['config', event, 'backward-transitive'])).toEqual({ code: 0, output: 'BACKWARD_TRANSITIVE\n' })
  expect(await schema(['config'])).toEqual({ code: 0, output: 'BACKWARD\n' })
  expect(await schema(['config', 'else'])).toEqual({ code: 0, output: 'BACKWARD (that of all subjects)\n' })
})

test('a contract that breaks its mode: exit code 1, and field, rule and witness', async () => {
  await schema(['register'])
  const path = join(place.project, 'counter/contract.ts')
  const source = readFileSync(path, 'utf8')
  const changed = source.replace(/(output: t\.Object\(\{)[^}]*\}/, '$1 other: t.String() }')
  expect(changed).not.toBe(source)
  writeFileSync(path, changed)
  const { code, output } = await schema(['check'])
  expect(code).toBe(1)
  expect(output).toContain('mode FORWARD')
  expect(output).toContain("rule 'required'")
  expect(output).toContain('To do:')
})

test.each<readonly [string, readonly string[], Env, number, string]>([
  ['no registry', ['list'], { BANYAN_SCHEMA_REGISTRY: '' }, 2, 'BANYAN_SCHEMA_REGISTRY'],
  ['an address that is none', ['list', '--registry', 'here'], {}, 2, 'no address of a registry'],
  ['nobody there', ['list', '--registry', 'http://127.0.0.1:9'], {}, 1, 'cannot be reached'],
  ['another token', ['register'], { BANYAN_SCHEMA_TOKEN: 'wrong' }, 1, 'BANYAN_SCHEMA_TOKEN'],
  ['no such subject', ['show', 'nothing'], {}, 1, "there is no subject 'nothing'"],
  ['no such mode', ['config', 'a', 'sideways'], {}, 2, "there is no mode 'sideways'"],
])('%s is said in a line or two', async (_name, args, env, code, text) => {
  const found = await schema(args, env)
  expect(found.code).toBe(code)
  expect(found.output).toContain(text)
  expect(found.output).not.toContain('    at ')
})

test('two files are compared without a registry', async () => {
  const write = (name: string, value: unknown): string => {
    const path = join(place.project, name)
    writeFileSync(path, JSON.stringify(value))
    return path
  }
  const one = write('one.json', { type: 'object', properties: { a: { type: 'string' } } })
  const two = write('two.json', { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } })
  const three = write('three.json', { type: 'object', properties: { a: { type: 'integer' } } })
  expect(await schema(['compare', one, two])).toEqual({ code: 0, output: 'compatible (FULL)\n' })
  const broken = await schema(['compare', one, three, '--mode', 'backward', '--json'])
  expect(broken.code).toBe(1)
  expect(JSON.parse(broken.output)).toMatchObject({
    compatible: false,
    differences: [{ path: '/a', rule: 'type', witness: { a: 'a' }, direction: 'backward' }],
  })
  const contracts = join(place.project, 'contracts.json')
  const command = startCommand(
    ['contract', 'json', '--out', contracts],
    { BANYAN_DATA_DIR: place.dataDir },
    place.project,
  )
  await command.ended
  expect((await schema(['compare', contracts, contracts])).output).toBe('compatible (FULL)\n')
  const fewer = write('fewer.json', (JSON.parse(readFileSync(contracts, 'utf8')) as unknown[]).slice(1))
  expect((await schema(['compare', contracts, fewer])).output).toContain('was removed')
})
