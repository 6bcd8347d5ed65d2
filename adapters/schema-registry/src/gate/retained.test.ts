/** What a new schema must read is what lies in the log: versions that retention has dropped forbid nothing any more. */
import { createMemoryBus, type LogKeeping, retainedSchemas, toNewEvent } from 'banyan/bus'
import { type AnyContract, defineContract, event, t } from 'banyan/contract'
import type { CompatibilityMode } from 'banyan/contract/compatibility'
import { createSchemaGate, type Retained, subjectsOf } from 'banyan/control'
import { createVirtualEnvironment, type VirtualEnvironment } from 'banyan/core'
import { dataSchemaOf } from 'banyan/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { fromRegistry } from '../client/authority.ts'
import { createRegistry } from '../registry.ts'
import type { Registry } from '../registry-types.ts'
import { createMemoryStorage } from '../storage/memory-storage.ts'

const day = 86_400_000
const subject = 'orders.placed.v1'
const orders = (...fields: readonly object[]): AnyContract =>
  defineContract('orders', {
    version: '1.0.0',
    owner: 'sales',
    operations: {},
    events: { placed: event({ key: 'id' as never, data: t.Object(Object.assign({ id: t.String() }, ...fields)) }) },
  }) as never

// Each step alone is compatible with the one before; the third is not with the first.
const first = orders({ note: t.Optional(t.String()) })
const second = orders()
const third = orders({ note: t.Optional(t.Integer()) })
const placed = (contract: AnyContract): Parameters<typeof dataSchemaOf>[0] =>
  (contract as unknown as { events: { placed: { data: never } } }).events.placed.data

describe('a version that', () => {
  let environment: VirtualEnvironment
  let bus: ReturnType<typeof createMemoryBus>
  let registry: Registry
  let retained: Retained

  beforeEach(async () => {
    environment = createVirtualEnvironment()
    bus = createMemoryBus({ environment })
    retained = retainedSchemas(bus)
    registry = createRegistry({ storage: createMemoryStorage(), retained: (type) => retained(type) })
    for (const contract of [first, second]) {
      await admit(contract)
      await publish(contract)
      await environment.advance(10 * day)
      await keep(1_000)
    }
  })

  const admit = (contract: AnyContract): Promise<void> =>
    createSchemaGate({
      authority: fromRegistry(registry),
      environment,
      cacheFile: 'schemas.json',
      log: { info: () => undefined, warn: () => undefined },
      retained: (type) => retained(type),
    }).admit([contract])
  const keep = (days: number): Promise<unknown> =>
    (bus.keeping as LogKeeping).retain({ rules: [{ source: 'orders', type: subject, ageMs: days * day }] })
  async function publish(contract: AnyContract): Promise<void> {
    const lease = await bus.lease('orders', 'host', 1_000 * day)
    const facts = { id: environment.random.uuidv7(), system: 'shop', service: 'orders', type: subject, key: 'o-1' }
    const made = toNewEvent({ ...facts, timeMs: 0, data: { id: 'o-1' }, dataSchema: dataSchemaOf(placed(contract)) })
    await bus.append(lease as never, [made], { cluster: 'c', previous: '1', current: '1', lastId: '1' })
  }
  const why = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'accepted',
      (error: Error) => error.message.split('\n')[1] ?? error.message,
    )
  const setMode = (mode: CompatibilityMode): Promise<void> => fromRegistry(registry).setCompatibility(subject, mode)

  it('lies in the log blocks', async () => {
    expect(await why(admit(third))).toContain('(version 1: events of it are still in the log)')
  })

  it('retention has dropped blocks no longer', async () => {
    await keep(15)
    expect(await retained(subject)).toEqual([dataSchemaOf(placed(second))])
    await admit(third)
    expect((await registry.version(subject, 'latest')).version).toBe(3)
  })

  it.each(['FULL_TRANSITIVE', 'BACKWARD_TRANSITIVE', 'FORWARD_TRANSITIVE'] as const)(
    'is one or the other, also under %s',
    async (mode) => {
      await setMode(mode)
      expect(await why(admit(third))).toContain(`${subject}, mode ${mode}`)
      const { schema } = subjectsOf([third])[0] as { schema: object }
      const input = { schemaType: 'JSON', schema: JSON.stringify(schema) } as const
      expect((await registry.check(subject, input)).refusals).not.toEqual([])
      await keep(15)
      expect((await registry.check(subject, input)).refusals).toEqual([])
      await admit(third)
    },
  )

  it('is the last one counts though nothing of it is left', async () => {
    await keep(1)
    expect(await retained(subject)).toEqual([])
    expect(await why(admit(orders({ must: t.String() })))).toContain('in version 2')
  })

  it('nobody can speak for counts as present', async () => {
    await keep(15)
    retained = async () => undefined
    expect(await why(admit(third))).toContain('events of it are still in the log')
    await setMode('FULL_TRANSITIVE')
    expect(await why(admit(third))).toContain('in version 1')
  })

  it('an event does not name makes all of them count', async () => {
    await keep(15)
    const lease = await bus.lease('orders', 'host', 1_000 * day)
    const made = { id: environment.random.uuidv7(), type: subject, key: 'o-1', envelope: '{"data":{}}' }
    await bus.append(lease as never, [made], { cluster: 'c', previous: '1', current: '1', lastId: '1' })
    expect(await retained(subject)).toBeUndefined()
    expect(await why(admit(third))).toContain('version 1')
  })
})

describe('the log is asked', () => {
  it('about events, and about nothing else', async () => {
    const bus = createMemoryBus({ environment: createVirtualEnvironment() })
    await bus.lease('orders', 'host', 1_000)
    const retained = retainedSchemas(bus)
    expect(await retained('orders.placed.v1')).toEqual([])
    for (const name of [
      'orders.v1/place.input',
      'orders.v1/place.error.SOLD_OUT',
      'payments.captured.v1',
      'orders-value',
      '',
    ])
      expect(await retained(name), name).toBeUndefined()
  })
})
