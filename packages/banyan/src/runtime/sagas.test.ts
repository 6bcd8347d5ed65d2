/** Sagas in a system: started by events and calls, over two services, in one host and in many. */
import { afterEach, describe, expect, it } from 'vitest'
import { command, defineContract, error, event, query, t } from '../contract/index.ts'
import { defineQuery, defineSaga, defineSignal, defineUpdate, type Saga } from '../saga/index.ts'
import { defineDatabase } from '../store/define-database.ts'
import { startTestSystem, type TestSystem } from '../testing/test-system.ts'
import type { ContextOf } from './context.ts'
import { defineService } from './define-service.ts'
import { defineSystem, service } from './define-system.ts'

const database = defineDatabase({ migrations: new URL('./', import.meta.url) })
const OrderId = t.Object({ orderId: t.String() })

const Shelf = defineContract('shelf', {
  version: '1.0.0',
  owner: 'tests',
  operations: {
    reserve: command({
      input: OrderId,
      output: t.Object({ place: t.String() }),
      errors: { EMPTY: error({ code: 'FAILED_PRECONDITION', about: 'nothing left' }) },
      idempotent: true,
    }),
    release: command({ input: OrderId, output: t.Object({}), idempotent: true }),
    ship: command({ input: OrderId, output: t.Object({}), idempotent: true }),
  },
  events: { shipped: event({ key: 'orderId', data: OrderId }) },
})
const Shop = defineContract('shop', {
  version: '1.0.0',
  owner: 'tests',
  operations: {
    place: command({ input: t.Object({ orderId: t.String(), fails: t.Boolean() }), output: t.Object({}) }),
    cancel: command({ input: OrderId, output: t.Object({}) }),
    note: command({
      input: t.Object({ orderId: t.String(), text: t.String() }),
      output: t.Object({ notes: t.Integer() }),
    }),
    tell: command({ input: t.Object({ orderId: t.String(), text: t.String() }), output: t.Object({}) }),
    ask: query({ input: OrderId, output: t.Object({ notes: t.Integer() }) }),
    result: query({ input: OrderId, output: t.Object({ notes: t.Array(t.String()) }) }),
  },
  events: { placed: event({ key: 'orderId', data: t.Object({ orderId: t.String(), fails: t.Boolean() }) }) },
})
type Ctx = ContextOf<typeof Shop, typeof Shelf>

const Note = defineSignal('note', t.Object({ text: t.String() }))
const AddNote = defineUpdate('add-note', {
  input: t.Object({ text: t.String() }),
  output: t.Object({ notes: t.Integer() }),
})
const Notes = defineQuery('notes', t.Object({ notes: t.Integer() }))

const checkout = defineSaga('checkout', {
  version: 1,
  startsOn: Shop.events.placed,
  key: ({ orderId }) => orderId,
  waits: [Shelf.events.shipped],
  signals: [Note, AddNote, Notes],
  async run(saga: Saga<Ctx>, { orderId, fails }) {
    const notes: string[] = []
    saga.answer(Notes, () => ({ notes: notes.length }))
    const { place } = await saga.step(
      'reserve',
      (ctx) => ctx.call(Shelf.reserve, { orderId }),
      (ctx) => ctx.call(Shelf.release, { orderId }),
    )
    notes.push(place)
    const first = await saga.receive(AddNote)
    notes.push(first.input.text)
    first.answer({ notes: notes.length })
    notes.push((await saga.receive(Note)).text)
    if (fails) await saga.step('reserve again', (ctx) => ctx.call(Shelf.reserve, { orderId: 'none' }))
    await saga.pointOfNoReturn()
    await saga.step('ship', (ctx) => ctx.call(Shelf.ship, { orderId }))
    const shipped = await saga.waitFor(Shelf.events.shipped, { timeoutMs: 60_000 })
    notes.push(shipped?.data.orderId ?? 'late')
    return { notes }
  },
})

function createWorld() {
  const happened: string[] = []
  const shelf = defineService(Shelf, {
    database,
    operations: {
      reserve: ({ orderId }, ctx) => {
        if (orderId === 'none') throw ctx.fail('EMPTY')
        happened.push(`reserve ${orderId}`)
        return { place: 'A1' }
      },
      release: ({ orderId }) => {
        happened.push(`release ${orderId}`)
        return {}
      },
      ship: ({ orderId }, ctx) =>
        ctx.transact(async (tx) => {
          tx.publish(Shelf.events.shipped, { orderId })
          return {}
        }),
    },
  })
  const shop = defineService(Shop, {
    calls: [Shelf],
    database,
    sagas: [checkout],
    operations: {
      place: (input, ctx) =>
        ctx.transact(async (tx) => {
          tx.publish(Shop.events.placed, input)
          return {}
        }),
      cancel: async ({ orderId }, ctx) => {
        await ctx.sagas.cancel(checkout, orderId, 'changed my mind')
        return {}
      },
      note: ({ orderId, text }, ctx) => ctx.sagas.update(checkout, orderId, AddNote, { text }),
      tell: ({ orderId, text }, ctx) =>
        ctx.transact(async (tx) => {
          await tx.sagas.signal(checkout, orderId, Note, { text })
          return {}
        }),
      ask: ({ orderId }, ctx) => ctx.sagas.query(checkout, orderId, Notes),
      result: ({ orderId }, ctx) => ctx.sagas.result(checkout, orderId),
    },
  })
  const system = defineSystem({
    name: 'test',
    services: [service(Shelf, async () => ({ shelf })), service(Shop, async () => ({ shop }))],
  })
  return { system, happened }
}

describe.each(['one', 'split'] as const)('sagas of a system (%s)', (shape) => {
  let test: TestSystem | undefined
  afterEach(() => test?.stop())

  it('goes through both services, answers requests and questions, and ends with what it gave', async () => {
    const { system, happened } = createWorld()
    test = await startTestSystem(system, { shape })
    await test.call(Shop.place, { orderId: 'o-1', fails: false })
    await test.advance(2_000)
    expect(await test.call(Shop.ask, { orderId: 'o-1' })).toEqual({ notes: 1 })
    expect(await test.call(Shop.note, { orderId: 'o-1', text: 'please' })).toEqual({ notes: 2 })
    await test.call(Shop.tell, { orderId: 'o-1', text: 'quickly' })
    expect(await test.call(Shop.result, { orderId: 'o-1' })).toEqual({ notes: ['A1', 'please', 'quickly', 'o-1'] })
    expect(happened).toEqual(['reserve o-1'])
  })

  it('undoes what it has done when a participant says no, and tells the caller why', async () => {
    const { system, happened } = createWorld()
    test = await startTestSystem(system, { shape })
    await test.call(Shop.place, { orderId: 'o-1', fails: true })
    await test.advance(2_000)
    await test.call(Shop.note, { orderId: 'o-1', text: 'please' })
    await test.call(Shop.tell, { orderId: 'o-1', text: 'quickly' })
    await expect(test.call(Shop.result, { orderId: 'o-1' })).rejects.toMatchObject({ reason: 'EMPTY' })
    expect(happened).toEqual(['reserve o-1', 'release o-1'])
  })

  it('is cancelled while it waits', async () => {
    const { system, happened } = createWorld()
    test = await startTestSystem(system, { shape })
    await test.call(Shop.place, { orderId: 'o-1', fails: false })
    await test.advance(2_000)
    await test.call(Shop.cancel, { orderId: 'o-1' })
    await expect(test.call(Shop.result, { orderId: 'o-1' })).rejects.toMatchObject({ reason: 'SAGA_CANCELLED' })
    expect(happened).toEqual(['reserve o-1', 'release o-1'])
    await expect(test.call(Shop.cancel, { orderId: 'o-1' })).rejects.toMatchObject({ reason: 'SAGA_ENDED' })
    await expect(test.call(Shop.cancel, { orderId: 'o-2' })).rejects.toMatchObject({ reason: 'UNKNOWN_SAGA' })
  })
})
