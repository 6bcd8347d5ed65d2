// Sagas as a person sees them over several services: listed, found, mended; and as text.
import { createVirtualEnvironment, type VirtualEnvironment } from 'banyan/core'
import { createMemoryStore, type NewSaga, type Store } from 'banyan/store'
import { beforeEach, expect, test } from 'vitest'
import { createSagaDesk } from './saga-desk.ts'
import { formatRun } from './saga-text.ts'

let environment: VirtualEnvironment
let stores: Map<string, Store>
let desk: ReturnType<typeof createSagaDesk>
const hand = { by: 'ada', why: 'a test' }

beforeEach(() => {
  environment = createVirtualEnvironment()
  stores = new Map(['orders', 'billing'].map((service) => [service, createMemoryStore({ environment, service })]))
  desk = createSagaDesk({ environment, stores, codes: new Map() })
})

async function start(service: string, key: string, given: Partial<NewSaga> = {}, isHeld = true): Promise<string> {
  const id = environment.random.uuidv7()
  const sagas = stores.get(service)?.sagas
  if (isHeld) await sagas?.beat('h#1', 10_000, new Map())
  const rest = { run: 1, input: '{"card":"4111"}', priority: 'normal', timeoutMs: undefined, correlations: [] } as const
  const made = {
    id,
    name: 'checkout',
    version: 1,
    key,
    ...rest,
    parent: undefined,
    traceparent: undefined,
    startedBy: 'test',
  }
  await sagas?.start([{ ...made, ...given }], isHeld ? 'h#1' : undefined)
  await environment.advance(10)
  return id
}
const park = (service: string, id: string): Promise<unknown> | undefined =>
  stores
    .get(service)
    ?.sagas.mend(id, 0, [], 'parked', '{"parked":{"reason":"UNDO_FAILED","message":"4111 is bad","seq":2}}')

test('lists runs of all services, the newest first, page by page', async () => {
  const ids = []
  for (const [service, key] of [
    ['orders', 'a'],
    ['billing', 'b'],
    ['orders', 'c'],
    ['billing', 'd'],
    ['orders', 'e'],
  ] as const)
    ids.unshift(await start(service, key))
  const seen: unknown[] = []
  let before: string | undefined
  do {
    const page = await desk.list({ limit: 2, ...(before === undefined ? {} : { before }) })
    seen.push(...page.sagas.map((row) => (row as { id: string }).id))
    before = page.next
  } while (before !== undefined)
  expect(seen).toEqual(ids)
  expect((await desk.list({ service: 'orders', key: 'c' })).sagas).toMatchObject([
    { service: 'orders', key: 'c', holder: 'h#1' },
  ])
  expect((await desk.list({ name: 'refund' })).sagas).toEqual([])
  await expect(desk.list({ service: 'no' })).rejects.toMatchObject({
    reason: 'NO_SERVICE',
    hint: 'There are: orders, billing.',
  })
})

test('lists what needs somebody: what is stuck, and what is parked, without contents', async () => {
  const stuck = await start('orders', 'a', {}, false)
  await environment.advance(400_000)
  await start('orders', 'fresh')
  const parked = await start('billing', 'b')
  await park('billing', parked)
  const { sagas } = await desk.list({ stuckMs: 300_000 })
  expect(sagas).toMatchObject([
    { id: parked, state: 'parked', parked: { reason: 'UNDO_FAILED', seq: 2 } },
    { id: stuck, quietMs: expect.any(Number) },
  ])
  expect(JSON.stringify(sagas)).not.toContain('4111')
  expect((await desk.list({ stuckMs: 300_000, states: ['running'] })).sagas).toMatchObject([{ id: stuck }])
})

test('finds a run in whichever service has it, by id or by key', async () => {
  const id = await start('billing', 'b')
  expect(await desk.show({ run: id })).toMatchObject({ service: 'billing', id })
  expect(await desk.show({ run: 'checkout/b' })).toMatchObject({ id })
  await expect(desk.show({ run: 'checkout/none' })).rejects.toMatchObject({ reason: 'NO_SUCH_SAGA' })
  await expect(desk.show({ run: id, service: 'orders' })).rejects.toMatchObject({ reason: 'NO_SUCH_SAGA' })
  await start('orders', 'b')
  await expect(desk.show({ run: 'checkout/b' })).rejects.toMatchObject({ reason: 'AMBIGUOUS_SAGA' })
  expect(await desk.show({ run: 'checkout/b', service: 'orders' })).toMatchObject({ service: 'orders' })
})

test('mends, and says who had it', async () => {
  const id = await start('orders', 'a')
  expect(await desk.compensate({ run: id }, hand)).toMatchObject({ state: 'undoing', takenFrom: 'h#1' })
  const parked = await start('orders', 'b')
  await park('orders', parked)
  expect(await desk.retry({ run: 'checkout/b' }, hand)).toMatchObject({ id: parked, state: 'running' })
  expect(await desk.cancel({ run: parked }, hand)).toMatchObject({ id: parked })
  await expect(desk.skip({ run: parked, seq: 1 }, hand)).rejects.toMatchObject({ reason: 'NO_CODE' })
  expect(await desk.check({})).toMatchObject([
    { service: 'orders', withoutCode: [{ name: 'checkout', version: 1, runs: 2 }] },
    { service: 'billing', withoutCode: [] },
  ])
})

test('moves a run to another database, and forks it', async () => {
  const id = await start('orders', 'a')
  const document = await desk.export({ run: id, secrets: true })
  expect(await desk.import({ service: 'billing', document }, hand)).toMatchObject({ id, state: 'parked' })
  expect(await desk.fork({ run: id, service: 'billing', from: 1, key: 'again' }, hand)).toMatchObject({
    key: 'again',
    from: id,
  })
  expect((await desk.list({ service: 'billing' })).sagas).toHaveLength(2)
})

test('shows locks of all services, the oldest first', async () => {
  const [billing, orders] = [await start('billing', 'b'), await start('orders', 'a')]
  await stores.get('billing')?.sagas.lock({ id: billing, epoch: 1 }, 'order', 'o-1', 'fail')
  await environment.advance(10)
  await stores.get('orders')?.sagas.lock({ id: orders, epoch: 1 }, 'stock', 's-1', 'fail')
  expect(await desk.locks({})).toMatchObject([
    { service: 'billing', kind: 'order', ownerName: 'checkout b' },
    { service: 'orders', kind: 'stock' },
  ])
})

test('counts runs of all services by where they stand', async () => {
  await start('orders', 'a')
  await park('orders', await start('orders', 'b'))
  const [orders, billing] = (await desk.counts({})) as readonly { counts: readonly object[] }[]
  expect(orders).toMatchObject({ service: 'orders', locks: 0 })
  expect(orders?.counts).toHaveLength(2)
  expect(orders?.counts).toContainEqual(
    expect.objectContaining({ name: 'checkout', version: 1, state: 'running', held: 1 }),
  )
  expect(billing).toMatchObject({ service: 'billing', counts: [] })
  expect(await desk.counts({ service: 'billing' })).toHaveLength(1)
})

test('a run as text says what it is, what it waits for and what is unknown', async () => {
  const id = await start('orders', 'a')
  const text = formatRun({
    ...((await desk.show({ run: id, secrets: true })) as never as Parameters<typeof formatRun>[0]),
    parked: { reason: 'UNDO_FAILED', message: 'it\nis stuck' },
    isPastNoReturn: true,
    operations: [
      {
        seq: 1,
        kind: 'step',
        name: 'reserve',
        stands: 'done',
        means: 'done',
        output: { a: 1 },
        at: 'then',
        attempts: 3,
        undo: { stands: 'failed', error: 'no' },
      },
      {
        seq: 2,
        kind: 'step',
        name: 'pay',
        stands: 'unknown',
        means: 'nobody knows',
        retry: { attempts: 1, at: 'soon', error: 'away' },
      },
    ],
    byHand: [{ at: 'now', action: 'retry', by: 'ada', why: 'hope', takenFrom: 'h#1' }],
  })
  for (const line of [
    "checkout v1 'a' of orders: running",
    '  parked: UNDO_FAILED',
    '  input {"card":"4111"}',
    "  +   1 step 'reserve'  done, 3 attempts  then",
    '        undo: failed: no',
    "  ?   2 step 'pay'  unknown",
    '        nobody knows',
    '        again soon: away',
    'What is under way is not known: there is no code for this version here.',
    'now ada: retry: hope (taken from h#1)',
  ])
    expect(text.split('\n')).toContain(line)
})

test('marks flows that are late, and shows a flow as what has happened and what is missing', async () => {
  const late = await start('orders', 'a', { name: 'checkout-flow' })
  const since = '2026-01-01T00:00:30.000Z'
  const note = JSON.stringify({ waits: [`wait late since ${since}: payments.authorized, expected within 30 s`] })
  const change = { to: 'wait', dueMs: undefined, mail: 0, note } as const
  await stores.get('orders')?.sagas.write([{ id: late, epoch: 1, holder: 'h#1', entries: [], change }])
  await start('orders', 'b', { name: 'checkout-flow' })
  const { sagas } = await desk.list({})
  expect(sagas.map((row) => (row as { lateSince?: string }).lateSince)).toEqual([undefined, since])
  expect((await desk.list({ late: true, limit: 1 })).sagas).toMatchObject([{ id: late }])
  expect(await desk.list({ late: true, states: ['parked'] })).toEqual({ sagas: [] })
  const missing = ['waiting for payments.authorized, expected within 30 s, 4 min late']
  const events = [{ id: 'e', type: 'orders.placed.v1', source: 'orders', at: since }]
  const view = (await desk.show({ run: late })) as never as Parameters<typeof formatRun>[0]
  const text = formatRun({ ...view, flow: { events, missing, late: 1 } }).split('\n')
  expect(text).toContain(`  orders.placed.v1  ${since}  from orders`)
  expect(text).toContain(`  ! ${missing[0]}`)
  expect(text.filter((line) => line.startsWith('  waits for'))).toEqual([])
})
