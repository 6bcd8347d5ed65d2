/** The gate of a host: what it registers, what it refuses, and what it does without a registry. */
import { type AnyContract, command, defineContract, error, event, query, t } from 'banyan/contract'
import { createSchemaGate, type Retained, registerContracts, type SchemaAuthority } from 'banyan/control'
import { BanyanError, createVirtualEnvironment, type VirtualEnvironment } from 'banyan/core'
import { dataSchemaOf } from 'banyan/runtime'
import { beforeEach, expect, test } from 'vitest'
import { fromRegistry } from '../client/authority.ts'
import { createRegistry } from '../registry.ts'
import type { Registry } from '../registry-types.ts'
import { createMemoryStorage } from '../storage/memory-storage.ts'

interface Parts {
  readonly data?: Parameters<typeof t.Object>[0]
  readonly input?: Parameters<typeof t.Object>[0]
  readonly output?: Parameters<typeof t.Object>[0]
  readonly http?: boolean
}

const id = { id: t.String() }
const orders = ({ data = id, input = id, output = id, http = false }: Parts = {}): AnyContract =>
  defineContract('orders', {
    version: '1.0.0',
    owner: 'sales',
    operations: {
      place: command({
        input: t.Object(input) as never,
        output: t.Object(output),
        ...(http && { http: 'POST /orders' }),
      }),
    },
    events: { placed: event({ key: 'id' as never, data: t.Object({ ...id, ...data }) }) },
  }) as never

let registry: Registry
let authority: SchemaAuthority
let environment: VirtualEnvironment
let down: boolean
let warnings: string[]

beforeEach(() => {
  registry = createRegistry({ storage: createMemoryStorage() })
  const real = fromRegistry(registry)
  down = false
  warnings = []
  environment = createVirtualEnvironment()
  const call = (work: () => Promise<never>): Promise<never> =>
    down ? Promise.reject(new BanyanError('UNAVAILABLE', 'the registry is down')) : work()
  authority = Object.fromEntries(
    Object.entries(real).map(([name, method]) => [
      name,
      (...given: never[]) => call(() => (method as (...all: never[]) => Promise<never>)(...given)),
    ]),
  ) as never
})

const admit = (contract: AnyContract, retained?: Retained): Promise<void> =>
  createSchemaGate({
    authority,
    environment,
    cacheFile: 'data/schemas.json',
    log: { info: () => undefined, warn: (message) => warnings.push(message) },
    ...(retained !== undefined && { retained }),
  }).admit([contract])

const refusal = (work: Promise<unknown>): Promise<BanyanError> =>
  work.then(
    () => expect.fail('expected a refusal'),
    (error: unknown) => error as BanyanError,
  )

test('a start that changes nothing asks once per contract; a registry that cannot list is asked one by one', async () => {
  await admit(orders())
  const asked: string[] = []
  const one = (name: 'versions' | 'compatibility' | 'register'): object => {
    const method = authority[name] as (...given: never[]) => Promise<never>
    const counting = (...given: never[]): Promise<never> => {
      asked.push(name)
      return method(...given)
    }
    return { [name]: counting }
  }
  const counted = { ...authority, ...one('versions'), ...one('compatibility'), ...one('register') }
  authority = counted
  await admit(orders())
  expect(asked).toEqual([])
  authority = { ...counted, latest: () => Promise.reject(new BanyanError('NOT_FOUND', 'HTTP 404 Not Found')) }
  await admit(orders())
  expect(asked.filter((name) => name === 'versions')).toHaveLength(3)
  expect(asked).not.toContain('register')
})

test('every event and operation becomes a subject, with the mode that fits it', async () => {
  await admit(orders())
  await admit(orders())
  expect(await registry.subjects()).toEqual(['orders.placed.v1', 'orders.v1/place.input', 'orders.v1/place.output'])
  const modes = (await registry.subjects()).map((subject) => registry.compatibility(subject, true))
  expect(await Promise.all(modes)).toEqual(['FULL', 'BACKWARD', 'FORWARD'])
  expect(await registry.versions('orders.placed.v1')).toEqual([1])
})

test('an event that breaks its mode does not start, and the message names field, rule and witness', async () => {
  await admit(orders())
  const error = await refusal(admit(orders({ data: { total: t.Integer() } })))
  expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'SCHEMA_INCOMPATIBLE' })
  expect(error.message).toContain(
    "orders.placed.v1, mode FULL: '/total', rule 'required': false in version 1, now true.",
  )
  expect(error.message).toContain('{"id":"a"} (/total is required and must be an integer, found nothing)')
  expect(error.message).toContain("make '/total' optional or give it a default, or begin a new major version")
  expect(await registry.versions('orders.placed.v1')).toEqual([1])
})

test('a refused system registers nothing of itself', async () => {
  await admit(orders())
  await refusal(admit(orders({ data: { total: t.Integer() }, input: { ...id, note: t.Optional(t.String()) } })))
  expect(await registry.versions('orders.v1/place.input')).toEqual([1])
})

test('operations are judged in the direction in which they are read', async () => {
  await admit(orders())
  await admit(orders({ output: { ...id, total: t.Integer() } }))
  const input = await refusal(
    admit(orders({ input: { ...id, total: t.Integer() }, output: { ...id, total: t.Integer() } })),
  )
  expect(input.message).toContain('orders.v1/place.input, mode BACKWARD')
  expect((await refusal(admit(orders()).then(() => admit(orders({ output: {} }))))).message).toContain(
    'place.output, mode FORWARD',
  )
})

test('an input at the public edge may not lose a field: it would be refused as unknown', async () => {
  const note = { ...id, note: t.Optional(t.String()) }
  await admit(orders({ input: note, http: true }))
  expect((await refusal(admit(orders({ http: true })))).message).toContain("'/note', rule 'additionalProperties'")
  await admit(orders())
})

test("a subject's own mode goes before the usual one", async () => {
  await admit(orders())
  await registry.setCompatibility('orders.placed.v1', 'NONE')
  await admit(orders({ data: { total: t.Integer() } }))
  expect(await registry.versions('orders.placed.v1')).toEqual([1, 2])
})

const first = { total: t.Integer() }
const second = { total: t.Optional(t.Integer()) }
const third = { total: t.Optional(t.String()) }

test('the log is asked for the versions that are still in it, not only the last', async () => {
  // total: required integer → absent → text. Each step is fine by itself; together they lose the first events.
  await registry.setCompatibility('orders.placed.v1', 'BACKWARD')
  await admit(orders({ data: first }))
  await admit(orders())
  const fingerprint = (data: Parts['data']): string => dataSchemaOf(t.Object({ ...id, ...data }))
  const error = await refusal(admit(orders({ data: third }), async () => [fingerprint(first)]))
  expect(error.message).toContain("'/total', rule 'type'")
  expect(error.message).toContain('version 1: events of it are still in the log')
  // Nobody can say what is in the log: then everything may be.
  expect((await refusal(admit(orders({ data: third })))).message).toContain('version 1')
  await admit(orders({ data: third }), async () => [fingerprint({})])
  expect(await registry.versions('orders.placed.v1')).toEqual([1, 2, 3])
})

test('events of a schema that the registry does not know are not passed over', async () => {
  await admit(orders())
  const error = await refusal(admit(orders({ data: second }), async () => ['urn:banyan:schema:unheard-of']))
  expect(error.message).toContain('the registry does not know (urn:banyan:schema:unheard-of)')
})

test('without a registry: what was accepted before starts, with a warning', async () => {
  await admit(orders())
  down = true
  await admit(orders())
  expect(warnings).toEqual(['the registry is down; starting, since all schemas were accepted before'])
})

test('without a registry: what was not accepted does not start, and says which', async () => {
  await admit(orders())
  down = true
  const error = await refusal(admit(orders({ data: second })))
  expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'SCHEMA_REGISTRY_UNREACHABLE', retryable: true })
  expect(error.message).toContain('never accepted')
  expect(error.message).toContain('orders.placed.v1')
  expect(error.message).not.toContain('place.input')
})

test('what was refused is not remembered as accepted', async () => {
  await admit(orders())
  await refusal(admit(orders({ data: first })))
  down = true
  expect((await refusal(admit(orders({ data: first })))).reason).toBe('SCHEMA_REGISTRY_UNREACHABLE')
})

test.each(['', '{', '[]', '{"accepted":7}', '{"accepted":{"orders.placed.v1":"x"}}'])(
  'a broken memory (%s) accepts nothing and stops nothing',
  async (text) => {
    await environment.files.writeText('data/schemas.json', text)
    down = true
    expect((await refusal(admit(orders()))).reason).toBe('SCHEMA_REGISTRY_UNREACHABLE')
    down = false
    await admit(orders())
    down = true
    await admit(orders())
  },
)

test('going back to an earlier version needs no new judgement', async () => {
  await admit(orders())
  await admit(orders({ data: second }))
  await admit(orders())
  expect(await registry.versions('orders.placed.v1')).toEqual([1, 2])
})

test('a dry run judges and leaves nothing behind', async () => {
  const options = { authority, dryRun: true }
  const registrations = await registerContracts([orders()], options)
  expect(registrations.map(({ state }) => state)).toEqual(['new', 'new', 'new'])
  expect(await registry.subjects()).toEqual([])
})

test('a query without events is registered too', async () => {
  const Prices = defineContract('prices', {
    version: '2.0.0',
    owner: 'sales',
    operations: { price: query({ input: t.Object({}), output: t.Object({ cents: t.Integer() }) }) },
  })
  await admit(Prices)
  expect(await registry.subjects()).toEqual(['prices.v2/price.input', 'prices.v2/price.output'])
})

test('details of errors are registered and checked like outputs: readers of yesterday meet errors of today', async () => {
  const shop = (details: Parameters<typeof t.Object>[0]): AnyContract =>
    defineContract('shop', {
      version: '1.0.0',
      owner: 'sales',
      operations: {
        buy: command({
          input: t.Object(id),
          output: t.Object(id),
          errors: { SOLD_OUT: t.Object(details), CLOSED: error({ code: 'UNAVAILABLE' }) } as never,
        }),
      },
      events: {},
    }) as never
  const subject = 'shop.v1/buy.error.SOLD_OUT'
  await admit(shop({ sku: t.String(), left: t.Integer() }))
  expect(await authority.subjects('shop.')).toContain(subject)
  expect(await authority.subjects('shop.')).not.toContain('shop.v1/buy.error.CLOSED')
  expect(await authority.compatibility(subject)).toBe('FORWARD')
  const { message } = await refusal(admit(shop({ sku: t.String() })))
  expect(message).toContain(`${subject}, mode FORWARD: '/left', rule 'required'`)
  await admit(shop({ sku: t.String(), left: t.Integer(), until: t.Optional(t.String()) }))
  expect((await authority.versions(subject)).map(({ version }) => version)).toEqual([1, 2])
})
