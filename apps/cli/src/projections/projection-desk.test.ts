// Read models as a person sees them: what there is and how far it is; what may be asked for, and what not.
import { type Bus, createMemoryBus } from 'banyan/bus'
import { createVirtualEnvironment } from 'banyan/core'
import { createMemoryStore, type Store } from 'banyan/store'
import { beforeEach, expect, test } from 'vitest'
import { createProjectionDesk } from './projection-desk.ts'

let store: Store
let bus: Bus
let desk: ReturnType<typeof createProjectionDesk>
const sales = { service: 'orders', projection: 'sales' }

beforeEach(async () => {
  const environment = createVirtualEnvironment()
  store = createMemoryStore({ environment, service: 'orders' })
  bus = createMemoryBus({ environment })
  desk = createProjectionDesk({ stores: new Map([['orders', store]]), bus })
  const lease = await bus.lease('shop', 'host#1', 10_000)
  const { cursor } = await store.outbox.read(undefined, 1)
  const event = { id: environment.random.uuidv7(), type: 'shop.sold.v1', key: 'k', envelope: '{}' }
  if (lease !== undefined) await bus.append(lease, Array(9).fill(event), cursor)
})

async function register(version: number, done: number, target = 'database'): Promise<void> {
  await store.projections.register({ name: 'sales', version }, target)
  const assignment = await store.inbox.claim(`sales@${version}`, 'shop', 'host#1', 10_000, 0)
  if (assignment !== undefined) await store.inbox.advance(assignment, done)
}
const live = (version: number): Promise<unknown> =>
  store.projections.swap({ name: 'sales', version }, { ends: async () => new Map() })

test('lists versions with phase, progress and lag', async () => {
  await register(1, 9)
  await live(1)
  await register(2, 4)
  const lines = await desk.list()
  expect(lines).toMatchObject([
    { ...sales, version: 1, build: 1, phase: 'live', live: true, lag: 0, parkedEvents: 0 },
    { ...sales, version: 2, phase: 'building', live: false, lag: 5, sources: [{ source: 'shop', done: 4, end: 9 }] },
  ])
})

test('says how many events a version needs that the log no longer has', async () => {
  await register(1, 0)
  const keeping = bus.keeping
  const trimmed = { ...keeping, source: async (name: string) => ({ ...(await keeping?.source(name)), start: 6 }) }
  const cut = createProjectionDesk({ stores: new Map([['orders', store]]), bus: { ...bus, keeping: trimmed as never } })
  expect(await cut.list()).toMatchObject([{ version: 1, missing: 5 }])
})

test('asks for another build of what is live, or of a version that is named', async () => {
  await register(1, 9)
  await live(1)
  expect(await desk.rebuild(sales)).toEqual({ projection: 'sales', version: 1, build: 2, phase: 'wanted' })
  expect(await desk.list()).toMatchObject([{ build: 1 }, { build: 2, phase: 'wanted', lag: 0, sources: [] }])
  await expect(desk.rebuild({ ...sales, version: 1 })).rejects.toMatchObject({ reason: 'PROJECTION_BUILDING' })
  await expect(desk.rebuild({ ...sales, version: 7 })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(desk.rebuild({ ...sales, projection: 'no' })).rejects.toMatchObject({ reason: 'NO_PROJECTION' })
  await expect(desk.rebuild({ ...sales, service: 'no' })).rejects.toMatchObject({ reason: 'NO_SERVICE' })
})

test('drops nothing that is not there, and nothing whose rows it cannot reach', async () => {
  await register(1, 9, 'redis')
  await expect(desk.drop({ ...sales, version: 2 })).rejects.toThrow(/no build 1 of version 2 of 'sales'/)
  await expect(desk.drop({ ...sales, version: 1, build: 2 })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(desk.drop({ ...sales, version: 1 })).rejects.toMatchObject({ reason: 'TARGET_ELSEWHERE' })
  expect(await desk.list()).toMatchObject([{ version: 1, phase: 'building' }])
})
