/** Runs as documents: taken, put into another store, and gone on with there. */
import { describe, expect, it } from 'vitest'
import { defineSaga } from './define-saga.ts'
import { exportSaga } from './exports.ts'
import { assertExport, importSaga } from './imports.ts'
import { retrySaga } from './mending.ts'
import { ada, createMendingRig, keyOfOrder, no, OrderInput } from './mending-rig.ts'
import type { Saga } from './saga.ts'
import { viewSaga } from './views.ts'

type Done = { readonly key: string; readonly id: string; readonly card: string }

function createSlow(done: Done[]) {
  return defineSaga('slow', {
    version: 1,
    input: OrderInput as never,
    key: keyOfOrder as never,
    timeoutMs: 3_600_000,
    async run(saga: Saga, given) {
      const { card } = given as { card: string }
      const id = saga.newId()
      const note = (ctx: { readonly idempotencyKey: string }): number =>
        done.push({ key: ctx.idempotencyKey, id, card })
      await saga.step('a', note)
      await saga.sleep(60_000)
      await saga.step('b', note)
      return id
    },
  })
}
const input = { orderId: 'o-1', card: '4111-1111' }

async function exported(secrets: boolean) {
  const done: Done[] = []
  const saga = createSlow(done)
  const rig = createMendingRig([saga])
  const id = await rig.start(saga, input)
  await rig.environment.advance(5_000)
  await rig.store.sagas.send(id, { id: 'm-1', kind: 'signal', name: 'x', key: '', body: '{"a":1}' })
  const document = await rig.run(exportSaga(rig.place, id, { secrets }))
  return { done, document: JSON.parse(JSON.stringify(document)), rig, id }
}

describe('an export', () => {
  it('has the journal and no secrets, and says so', async () => {
    const { document, id } = await exported(false)
    expect(document).toMatchObject({
      format: 'banyan.saga/1',
      service: 'orders',
      redacted: true,
      saga: { id, name: 'slow', key: 'o-1', input: { orderId: 'o-1', card: '***' } },
      entries: [{ n: 1, seq: 1, kind: 'step', name: 'a', body: { ok: 1, attempts: 1 } }],
      messages: [{ id: 'm-1', body: { a: 1 } }],
    })
    expect(JSON.stringify(document)).not.toContain('4111')
  })

  it('goes on in another store as the same run, once it is let', async () => {
    const first = await exported(true)
    const done: Done[] = []
    const other = createMendingRig([createSlow(done)])
    await other.environment.advance(200_000)
    const imported = await other.run(importSaga(other.place, first.document, ada))
    expect(imported).toMatchObject({ id: first.id, state: 'parked' })
    await other.environment.advance(10_000)
    expect(done).toEqual([])
    expect(await other.store.sagas.messages(first.id, 0)).toMatchObject([{ id: 'm-1', body: '{"a":1}' }])
    await other.run(retrySaga(other.place, first.id, ada))
    const ended = await other.until(first.id, 'completed')
    await first.rig.until(first.id, 'completed')
    // What was done is not done again.
    const [b, ...others] = done
    expect(others).toEqual([])
    expect(b).toMatchObject({ id: first.done[1]?.id, card: '4111-1111' })
    expect(b?.key.split('.').slice(0, 2)).toEqual([first.id, '3'])
    expect(JSON.parse(ended.outcome ?? '').ok).toBe(first.done[0]?.id)
    const { byHand } = await other.run(viewSaga(other.place, first.id))
    expect(byHand).toMatchObject([{ action: 'import', from: first.id }, { action: 'retry' }])
  })

  it('keeps the time by which the run must have ended', async () => {
    const { document } = await exported(true)
    const other = createMendingRig([createSlow([])])
    await other.environment.advance(600_000)
    const { id } = await other.run(importSaga(other.place, document, ada))
    expect((await other.find(id)).deadlineMs).toBe(document.saga.deadlineMs)
  })

  it('that was being undone goes on undoing, under the keys that it had', async () => {
    const keys: string[] = []
    let isBroken = true
    const saga = defineSaga('undone', {
      version: 1,
      input: OrderInput as never,
      key: keyOfOrder as never,
      async run(saga: Saga) {
        await saga.step(
          'a',
          () => 1,
          (ctx) => {
            keys.push(ctx.idempotencyKey)
            if (isBroken) throw no()
          },
        )
        await saga.step('b', () => Promise.reject(no()))
      },
    })
    const rig = createMendingRig([saga])
    const id = await rig.start(saga)
    await rig.until(id, 'parked')
    const document = await rig.run(exportSaga(rig.place, id, { secrets: true }))
    const other = createMendingRig([saga])
    await other.environment.advance(200_000)
    await other.run(importSaga(other.place, document, ada))
    isBroken = false
    expect(await other.run(retrySaga(other.place, id, ada))).toMatchObject({ state: 'undoing' })
    await other.until(id, 'undone')
    expect(keys).toHaveLength(2)
    expect(new Set(keys).size).toBe(1)
  })

  it('is imported once', async () => {
    const { document, rig } = await exported(true)
    expect(await rig.refused(importSaga(rig.place, document, ada))).toMatchObject({ code: 'ALREADY_EXISTS' })
  })
})

describe('what is no export', () => {
  const good = {
    format: 'banyan.saga/1',
    saga: { id: 'i', name: 'n', key: 'k', startedBy: 'test', version: 1, run: 1, startedMs: 1 },
    entries: [{ n: 1, seq: 1, kind: 'step', name: 'a', atMs: 1, body: {} }],
    messages: [],
  }
  it('is refused with what is wrong', () => {
    expect(() => assertExport(good)).not.toThrow()
    const cases: readonly (readonly [unknown, string])[] = [
      [undefined, 'no JSON object'],
      [{ ...good, format: 'banyan.saga/2' }, "'format' is not"],
      [{ ...good, saga: undefined }, "no 'saga'"],
      [{ ...good, saga: { ...good.saga, id: 7 } }, 'saga.id'],
      [{ ...good, saga: { ...good.saga, version: '1' } }, 'saga.version'],
      [{ ...good, entries: {} }, 'must be lists'],
      [{ ...good, entries: [{ ...good.entries[0], n: 2 }] }, 'entries are missing'],
      [{ ...good, entries: [{ ...good.entries[0], body: 'x' }] }, 'body is no object'],
      [{ ...good, entries: [null] }, 'is no object'],
    ]
    for (const [document, message] of cases)
      expect(() => assertExport(document)).toThrowError(
        expect.objectContaining({ reason: 'BAD_EXPORT', message: expect.stringContaining(message) }),
      )
  })
})
