/** The authority over HTTP says what the one in the process says, and knows the difference between "no" and "nobody there". */

import { createHttpAuthority, type HttpAuthority } from 'banyan/control'
import { realEnvironment } from 'banyan/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RunningRegistry, startRegistry, token } from '../testing/running-registry.ts'
import { fromRegistry } from './authority.ts'

const environment = realEnvironment()
const json = (required: readonly string[]): { schemaType: 'JSON'; schema: string } => ({
  schemaType: 'JSON',
  schema: JSON.stringify({ type: 'object', properties: { a: { type: 'string' } }, required }),
})

let running: RunningRegistry
let authority: HttpAuthority
beforeEach(async () => {
  running = await startRegistry()
  authority = createHttpAuthority({ environment, origin: running.origin, token })
})
afterEach(async () => {
  await authority.close()
  await running.close()
})

test('both authorities say the same', async () => {
  const local = fromRegistry(running.registry)
  const subject = 'orders.v1/place.input'
  expect(await authority.versions(subject)).toEqual([])
  expect(await authority.compatibility(subject)).toBeUndefined()
  await authority.setCompatibility(subject, 'FULL_TRANSITIVE')
  expect(await authority.register(subject, json([]))).toBe(1)
  expect(await authority.compatibility(subject)).toBe('FULL_TRANSITIVE')
  expect(await authority.compatibility('')).toBe('BACKWARD')
  expect(await authority.subjects('orders.')).toEqual([subject])
  expect(await local.versions(subject)).toMatchObject(await authority.versions(subject))
  expect(await authority.latest?.('orders.')).toMatchObject([{ subject, version: 1, ...json([]) }])
  expect(await local.latest?.('orders.')).toMatchObject((await authority.latest?.('orders.')) ?? [])
  expect(await authority.latest?.('payments.')).toEqual([])
  expect(await authority.check(subject, json(['a']))).toHaveLength(1)
  expect(await authority.check(subject, json([]))).toEqual([])
  const refused = await authority.register(subject, json(['a'])).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'SCHEMA_INCOMPATIBLE' })
})

test('an Avro subject of others is read as one', async () => {
  await authority.register('avro', { schema: '"string"' })
  expect(await authority.versions('avro')).toMatchObject([{ version: 1, schemaType: 'AVRO' }])
})

test('nobody there is UNAVAILABLE, a wrong token is not', async () => {
  const wrong = createHttpAuthority({ environment, origin: running.origin, token: 'wrong' })
  await expect(wrong.register('a', json([]))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  await wrong.close()
  await running.close()
  const gone = createHttpAuthority({ environment, origin: running.origin, token, timeoutMs: 2_000 })
  await expect(gone.versions('a')).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'SCHEMA_REGISTRY_UNREACHABLE' })
  await gone.close()
})

test('something that is no registry is not believed', async () => {
  const server = await environment.network.listen({
    host: '127.0.0.1',
    port: 0,
    handler: (request, respond) => {
      if (request.target.includes('/slow')) return
      const body = request.target.includes('/busy') ? '{"error_code":50001}' : '<html>'
      respond({ status: request.target.includes('/busy') ? 503 : 200, headers: {}, body })
    },
  })
  const odd = createHttpAuthority({ environment, origin: `http://127.0.0.1:${server.port}`, timeoutMs: 300 })
  for (const subject of ['slow', 'busy', 'html'])
    await expect(odd.versions(subject), subject).rejects.toMatchObject({ reason: 'SCHEMA_REGISTRY_UNREACHABLE' })
  await odd.close()
  await server.close(100)
})
