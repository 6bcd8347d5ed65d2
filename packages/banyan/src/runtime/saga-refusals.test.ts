/** What a service says wrong to a saga: each a typed error that says what was wrong, and nothing of it is lost or begun. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { command, defineContract, t } from '../contract/index.ts'
import { defineQuery, defineSaga, defineSignal, defineUpdate, type Saga } from '../saga/index.ts'
import { defineDatabase } from '../store/define-database.ts'
import { maxMailbox } from '../store/index.ts'
import { startTestSystem, type TestSystem } from '../testing/test-system.ts'
import type { ContextOf } from './context.ts'
import { defineService } from './define-service.ts'
import { defineSystem } from './define-system.ts'

const Ask = t.Object({ what: t.String(), key: t.String() })
const Desk = defineContract('desk', {
  version: '1.0.0',
  owner: 'tests',
  operations: { ask: command({ input: Ask, output: t.Object({ found: t.Unknown() }) }) },
})
type Ctx = ContextOf<typeof Desk>

const Note = defineSignal('note', t.Object({ text: t.String() }))
const AddNote = defineUpdate('add-note', { input: t.Object({ text: t.String() }), output: t.Object({}) })
const Notes = defineQuery('notes', t.Object({}))
const Other = defineSignal('other', t.Object({}))

const counting = defineSaga('counting', {
  version: 1,
  input: t.Object({ key: t.String(), n: t.Integer() }),
  key: ({ key }) => key,
  signals: [Note, AddNote, Notes],
  async run(saga: Saga<Ctx>, { n }) {
    const asked = await saga.receive(AddNote)
    asked.refuse('there is no room')
    await saga.receive(Note)
    return n
  },
})
const unlisted = defineSaga('unlisted', {
  version: 1,
  input: t.Object({}),
  key: () => 'one',
  run: async (_saga: Saga<Ctx>) => 1,
})

type Act = (ctx: Ctx, key: string) => Promise<unknown>
const acts: Readonly<Record<string, Act>> = {
  start: (ctx, key) => ctx.sagas.start(counting, { key, n: 1 }),
  'start otherwise': (ctx, key) => ctx.sagas.start(counting, { key, n: 2 }),
  'start otherwise in a transaction': (ctx, key) =>
    ctx.transact(async (tx) => {
      await tx.sagas.start(counting, { key: `${key}-beside`, n: 1 })
      await tx.sagas.start(counting, { key, n: 2 })
    }),
  'start what is not listed': (ctx) => ctx.sagas.start(unlisted, {}),
  find: (ctx, key) => ctx.sagas.find(counting, key).then((found) => found?.state ?? 'none'),
  signal: (ctx, key) => ctx.sagas.signal(counting, key, Note, { text: 'x' }),
  'signal nonsense': (ctx, key) => ctx.sagas.signal(counting, key, Note, { text: 7 } as never),
  'signal what is not listed': (ctx, key) => ctx.sagas.signal(counting, key, Other as never, {} as never),
  fill: async (ctx, key) => {
    for (let n = 0; n < maxMailbox; n += 1) await ctx.sagas.signal(counting, key, Note, { text: `${n}` })
  },
  update: (ctx, key) => ctx.sagas.update(counting, key, AddNote, { text: 'x' }),
  query: (ctx, key) => ctx.sagas.query(counting, key, Notes),
  result: (ctx, key) => ctx.sagas.result(counting, key, { timeoutMs: 500 }),
  cancel: (ctx, key) => ctx.sagas.cancel(counting, key),
}
const desk = defineService(Desk, {
  database: defineDatabase({ migrations: new URL('./none/', import.meta.url) }),
  sagas: [counting],
  operations: {
    ask: async ({ what, key }, ctx) => ({ found: (await (acts[what] as Act)(ctx, key)) ?? null }),
  },
})

let test: TestSystem
beforeEach(async () => {
  test = await startTestSystem(defineSystem({ name: 'test', services: [desk] }), { shape: 'one' })
})
afterEach(() => test.stop())

const ask = async (what: string, key = 'k-1'): Promise<unknown> => (await test.call(Desk.ask, { what, key })).found
const refused = (what: string, key?: string): Promise<unknown> =>
  ask(what, key).then(
    (found) => expect.unreachable(`'${what}' gave ${JSON.stringify(found)}`),
    (error: unknown) => error,
  )

describe('a start', () => {
  it('that is repeated finds the run that is there, and with another input is refused', async () => {
    const first = await ask('start')
    expect(first).toMatchObject({ isNew: true })
    expect(await ask('start')).toEqual({ ...(first as object), isNew: false })
    expect(await refused('start otherwise')).toMatchObject({ code: 'ALREADY_EXISTS', reason: 'SAGA_INPUT_DIFFERS' })
    await refused('update')
    await ask('signal')
    expect(await ask('result')).toBe(1)
  })

  it('with another input in a transaction rolls back what was started beside it', async () => {
    await ask('start')
    expect(await refused('start otherwise in a transaction')).toMatchObject({ reason: 'SAGA_INPUT_DIFFERS' })
    expect(await ask('find', 'k-1-beside')).toBe('none')
  })

  it('of a saga that the service does not list is refused', async () => {
    expect(await refused('start what is not listed')).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'UNDECLARED_SAGA',
    })
  })
})

describe('what is said to a run', () => {
  it.each(['signal', 'update', 'query', 'result', 'cancel'])('that there is not is refused: %s', async (what) => {
    expect(await refused(what, 'nobody')).toMatchObject({ code: 'NOT_FOUND', reason: 'UNKNOWN_SAGA' })
  })

  it('that has ended is refused', async () => {
    await ask('start')
    await refused('update')
    await ask('signal')
    await ask('result')
    for (const what of ['signal', 'update', 'cancel'])
      expect(await refused(what), what).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'SAGA_ENDED' })
  })

  it('that does not fit names the field', async () => {
    await ask('start')
    expect(await refused('signal nonsense')).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'INVALID_SIGNAL',
      issues: [{ path: '/text', rule: 'type' }],
    })
    expect(await refused('signal what is not listed')).toMatchObject({ reason: 'UNDECLARED_SIGNAL' })
  })

  it('is refused in its words when the saga refuses it', async () => {
    await ask('start')
    expect(await refused('update')).toMatchObject({ reason: 'UPDATE_REFUSED', message: 'there is no room' })
  })

  it('is refused before it can be answered: no answer yet, no result yet', async () => {
    await ask('start')
    expect(await refused('query')).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'NO_ANSWER_YET' })
    expect(await refused('result')).toMatchObject({ code: 'DEADLINE_EXCEEDED', reason: 'SAGA_RUNNING' })
  })

  it('beyond a full mailbox is refused, and a cancellation still fits', { timeout: 60_000 }, async () => {
    await ask('start')
    await ask('fill')
    expect(await refused('signal')).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'SAGA_MAILBOX_FULL' })
    await ask('cancel')
    expect(await refused('result')).toMatchObject({ reason: 'SAGA_CANCELLED' })
  })
})
