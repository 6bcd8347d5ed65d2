/** One run as people see it: what is done, not done, unknown; what is hidden. */
import { describe, expect, it } from 'vitest'
import { t } from '../contract/index.ts'
import { BanyanError } from '../core/error.ts'
import { defineSaga } from './define-saga.ts'
import { createMendingRig, keyOfOrder, no, OrderInput } from './mending-rig.ts'
import type { Saga } from './saga.ts'
import { defineSignal } from './signals.ts'
import { viewSaga } from './views.ts'

const settings = { version: 1, input: OrderInput as never, key: keyOfOrder as never }

describe('operations', () => {
  it('are done, not done or unknown, and say what that means', async () => {
    const saga = defineSaga('looked-at', {
      ...settings,
      async run(saga: Saga) {
        const swallow = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined)
        await saga.step('done', () => ({ ok: 1 }))
        await saga.tx('committed', () => 2)
        await swallow(saga.step('refused', () => Promise.reject(no('SOLD_OUT'))))
        const lost = new BanyanError('UNAVAILABLE', 'gone', { outcome: 'unknown' })
        await swallow(saga.step('lost', () => Promise.reject(lost), undefined, { retry: { maxAttempts: 1 } }))
        await saga.sleep(60_000)
      },
    })
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.environment.advance(1_000)
    const view = await rig.run(viewSaga(rig.place, 'looked-at/o-1'))
    expect(view).toMatchObject({ id, service: 'orders', state: 'running', frontier: 'known', isPastNoReturn: false })
    expect(view.operations.map(({ seq, kind, name, stands }) => [seq, kind, name, stands])).toEqual([
      [1, 'step', 'done', 'done'],
      [2, 'tx', 'committed', 'done'],
      [3, 'step', 'refused', 'not done'],
      [4, 'step', 'lost', 'unknown'],
      [5, 'sleep', 'sleep', 'not done'],
    ])
    expect(view.operations[0]).toMatchObject({ output: { ok: 1 }, attempts: 1, at: expect.stringMatching(/Z$/) })
    expect(view.operations[2]).toMatchObject({ error: { reason: 'SOLD_OUT' } })
    expect(view.operations[4]).toMatchObject({ until: view.dueAt, waitsFor: expect.stringContaining('until') })
    expect(view.waitsFor).toEqual([expect.stringMatching(/^sleep until /)])
    for (const { means } of view.operations) expect(means).toMatch(/^.{10,}$/)
  })

  it('that are tried again say how often, why, and when next', async () => {
    const saga = defineSaga('patient', {
      ...settings,
      async run(saga: Saga) {
        const away = new BanyanError('UNAVAILABLE', 'the depot is closed', { retryable: true })
        await saga.step('knock', () => Promise.reject(away), undefined, { retry: { firstMs: 60_000, maxMs: 60_000 } })
      },
    })
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.environment.advance(1_000)
    const { operations } = await rig.run(viewSaga(rig.place, id))
    expect(operations).toMatchObject([
      {
        name: 'knock',
        stands: 'unknown',
        attempts: 1,
        retry: { error: expect.stringContaining('the depot is closed') },
      },
    ])
  })

  it('under way are not known without the code, nor when it does something else', async () => {
    const saga = defineSaga('changing', {
      ...settings,
      async run(saga: Saga) {
        await saga.step('a', () => 'secret word')
        await saga.sleep(60_000)
      },
    })
    const other = defineSaga('changing', {
      ...settings,
      async run(saga: Saga) {
        await saga.step('b', () => undefined)
      },
    })
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.environment.advance(1_000)
    const blind = await rig.run(viewSaga({ ...rig.place, code: undefined }, id))
    expect(blind).toMatchObject({ frontier: 'no code', input: '***' })
    expect(blind.operations).toMatchObject([{ name: 'a', stands: 'done', output: '***' }])
    const code = { shapes: [other as never], operations: new Map() }
    const differs = await rig.run(viewSaga({ ...rig.place, code }, id))
    expect(differs).toMatchObject({ frontier: 'differs', fault: expect.stringContaining("1 step 'a'") })
    expect(differs.fault).toContain("1 step 'b'")
  })
})

describe('what it shows besides', () => {
  it('is locks, who waits for them, parent and children', async () => {
    const child = defineSaga('child', {
      ...settings,
      async run(saga: Saga) {
        await saga.lock('order', 'o-1')
        await saga.sleep(1_000)
      },
    })
    const parent = defineSaga('parent', {
      ...settings,
      async run(saga: Saga) {
        await saga.lock('order', 'o-1')
        await saga.child(child as never, { orderId: 'o-1' } as never)
      },
    })
    const rig = createMendingRig([parent, child])
    const id = await rig.start(parent)
    await rig.environment.advance(3_000)
    const view = await rig.run(viewSaga(rig.place, id))
    expect(view.locks).toMatchObject([{ kind: 'order', key: 'o-1', stands: 'held', waiting: 1 }])
    expect(view.children).toMatchObject([{ name: 'child', seq: 2 }])
    const below = await rig.run(viewSaga(rig.place, view.children[0]?.id ?? ''))
    expect(below).toMatchObject({ parent: { id, seq: 2 }, state: 'running' })
    expect(below.locks).toMatchObject([{ stands: 'waiting', heldBy: `parent o-1 (${id})` }])
    expect(view.operations.at(-1)).toMatchObject({ kind: 'child', stands: 'unknown' })
  })

  it('is what came and was not read, without its contents', async () => {
    const saga = defineSaga('deaf', { ...settings, run: async (saga: Saga) => saga.sleep(60_000) })
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.environment.advance(500)
    await rig.store.sagas.send(id, { id: 's-1', kind: 'signal', name: 'shout', key: '', body: '{"word":"hey"}' })
    await rig.environment.advance(2_000)
    const view = await rig.run(viewSaga(rig.place, id))
    expect(view.unread).toMatchObject([{ kind: 'signal', name: 'shout' }])
    expect(JSON.stringify(view)).not.toContain('hey')
  })
})

describe('what schemas hide', () => {
  const NewCard = defineSignal('new-card', t.Object({ pan: t.String({ secret: true }), holder: t.String() }))
  const Authorize = {
    input: t.Object({ token: t.String({ secret: true }), cents: t.Integer() }),
    output: t.Object({ approval: t.String({ secret: true }) }),
  }
  const saga = defineSaga('paying', {
    ...settings,
    signals: [NewCard],
    async run(saga: Saga, given) {
      const { card } = given as { card: string }
      const { pan } = await saga.receive(NewCard)
      await saga.step('authorize', (ctx) => {
        const { onCall } = ctx as never as { onCall(call: object): void }
        onCall({ operation: 'pay.v1/authorize', key: 'k', input: { token: 'tok_4711', cents: 5 } })
        onCall({ operation: 'other.v1/unknown', key: 'k', input: { x: 'unseen' } })
        return { approval: 'A-99', said: `card ${card} is fine`, echoed: ['tok_4711'] }
      })
      await saga.step('refuse', () => Promise.reject(new BanyanError('FAILED_PRECONDITION', `${pan} is stolen`)))
    },
  })

  async function look(secrets: boolean) {
    const rig = createMendingRig([saga], new Map([['pay.v1/authorize', Authorize]]))
    const id = await rig.start(saga, { orderId: 'o-1', card: '4111-1111' })
    await rig.store.sagas.send(id, {
      id: 's-1',
      kind: 'signal',
      name: 'new-card',
      key: '',
      body: '{"pan":"5555-5555","holder":"ada"}',
    })
    await rig.until(id, 'undone', 'parked')
    return rig.run(viewSaga(rig.place, id, { secrets }))
  }

  it('is hidden wherever it stands: inputs, calls, messages, results, errors, the end', async () => {
    const view = await look(false)
    const [received, authorized, refused] = view.operations
    expect(view.input).toEqual({ orderId: 'o-1', card: '***' })
    expect(received?.output).toEqual({ pan: '***', holder: 'ada' })
    expect(authorized?.calls?.map(({ input }) => input)).toEqual([{ token: '***', cents: 5 }, '***'])
    expect(authorized?.output).toEqual({ approval: '***', said: 'card *** is fine', echoed: ['***'] })
    expect(refused?.error?.message).toBe('*** is stolen')
    expect(view.undoing).toMatchObject({ error: { message: '*** is stolen' } })
    const all = JSON.stringify(view)
    for (const secret of ['4111-1111', '5555-5555', 'tok_4711', 'A-99', 'unseen']) expect(all).not.toContain(secret)
  })

  it('is shown to whoever asks for it', async () => {
    const view = await look(true)
    expect(view.input).toEqual({ orderId: 'o-1', card: '4111-1111' })
    expect(view.operations[1]?.output).toMatchObject({ approval: 'A-99' })
  })
})
