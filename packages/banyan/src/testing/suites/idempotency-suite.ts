/** The contract of {@link Idempotency}: one key, one effect, one answer. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { IdempotencyClaim } from '../../store/idempotency.ts'
import type { Store } from '../../store/store.ts'
import type { OpenedStore } from './open.ts'
import { gate, labels, readAll, rejection, sampleEvent } from './sample.ts'

const claim: IdempotencyClaim = { scope: 'anonymous sample.v1/do', key: 'k-1', fingerprint: 'f-1', keepMs: 60_000 }

/** Declares the suite; every implementation of the port runs it. */
export function idempotencySuite(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name}: idempotency`, () => {
    let opened: OpenedStore
    let store: Store
    let runs: number
    beforeEach(async () => {
      opened = await open()
      store = opened.store
      runs = 0
    })
    afterEach(async () => opened.close())
    const once = async (idempotency: IdempotencyClaim, on: Store = store): Promise<{ run: number }> =>
      on.transact(
        async (tx) => {
          runs += 1
          tx.publish(sampleEvent(`run ${runs}`))
          return { run: runs }
        },
        { idempotency },
      )

    it('runs the work once and gives its result again', async () => {
      expect(await once(claim)).toEqual({ run: 1 })
      expect(await once(claim, opened.second ?? store)).toEqual({ run: 1 })
      expect(runs).toBe(1)
      expect(labels((await readAll(store.outbox)).events)).toEqual(['run 1'])
    })

    it('gives a result of its own to each caller', async () => {
      const first = await once(claim)
      first.run = 99
      expect(await once(claim)).toEqual({ run: 1 })
    })

    it('gives undefined again where the work returned nothing', async () => {
      const nothing = async (): Promise<void> => store.transact(async () => undefined, { idempotency: claim })
      expect(await nothing()).toBeUndefined()
      expect(await nothing()).toBeUndefined()
    })

    it('keeps keys apart by scope and by key', async () => {
      await once(claim)
      expect(await once({ ...claim, scope: 'somebody sample.v1/do' })).toEqual({ run: 2 })
      expect(await once({ ...claim, key: 'k-2' })).toEqual({ run: 3 })
    })

    it('refuses a call whose step was taken back before, and gives the answer of one that was not', async () => {
      const step = { scope: 'orders', key: 'step-1' }
      const forward = { ...claim, key: 'step-1.1', within: step }
      const undo = { ...claim, key: 'undo-1.1', undoes: step }
      expect(await once(undo)).toEqual({ run: 1 })
      const late = await rejection(once(forward, opened.second ?? store))
      expect(late).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'UNDONE' })
      expect(await store.idempotency.find(claim.scope, forward.key, step)).toMatchObject({ fingerprint: 'undone' })
      expect(await once(undo)).toEqual({ run: 1 })
      expect(await once({ ...forward, key: 'step-2.1', within: { ...step, key: 'step-2' } })).toEqual({ run: 2 })
      expect(await once({ ...forward, within: { ...step, scope: 'others' } })).toEqual({ run: 3 })
    })

    it('takes nothing back when the work that takes back fails', async () => {
      const step = { scope: 'orders', key: 'step-1' }
      const undo = { ...claim, key: 'undo-1.1', undoes: step }
      const failing = store.transact(async () => Promise.reject(new Error('no')), { idempotency: undo })
      expect(await rejection(failing)).toMatchObject({ message: 'no' })
      expect(await once({ ...claim, within: step })).toEqual({ run: 1 })
      expect(await once(undo)).toEqual({ run: 2 })
    })

    it('takes no step back while a call of it is under way, and lets no call begin meanwhile', async () => {
      const step = { scope: 'orders', key: 'step-1' }
      const forward = { ...claim, key: 'step-1.1', within: step }
      const undo = { ...claim, key: 'undo-1.1', undoes: step }
      for (const [first, second] of [
        [forward, undo],
        [undo, { ...forward, key: 'step-1.2' }],
      ] as const) {
        const [started, finish] = [gate(), gate()]
        const running = store.transact(
          async () => {
            started.open()
            await finish.opened
            return {}
          },
          { idempotency: { ...first, key: `${first.key} held` } },
        )
        await started.opened
        const meanwhile = await rejection(once(second, opened.second ?? store))
        expect(meanwhile).toMatchObject({ code: 'ABORTED', reason: 'IDEMPOTENCY_KEY_IN_USE', retryable: true })
        finish.open()
        await running
      }
    })

    it('lets calls of one step go side by side', async () => {
      const step = { scope: 'orders', key: 'step-1' }
      const both = await Promise.all([
        once({ ...claim, key: 'step-1.1', within: step }),
        once({ ...claim, key: 'step-1.2', within: step }, opened.second ?? store),
      ])
      expect(both).toHaveLength(2)
    })

    it('refuses the same key with another input', async () => {
      await once(claim)
      const other = await rejection(once({ ...claim, fingerprint: 'f-2' }))
      expect(other).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'IDEMPOTENCY_KEY_REUSED', httpStatus: 422 })
      expect(runs).toBe(1)
    })

    it('frees the key when the work fails', async () => {
      const failing = store.transact(async () => Promise.reject(new Error('no')), { idempotency: claim })
      expect(await rejection(failing)).toMatchObject({ message: 'no' })
      expect(await store.idempotency.find(claim.scope, claim.key)).toBeUndefined()
      expect(await once(claim)).toEqual({ run: 1 })
    })

    it('refuses a second caller while the first is under way, and answers it afterwards', async () => {
      const [started, finish] = [gate(), gate()]
      const first = store.transact(
        async () => {
          started.open()
          await finish.opened
          return { run: 'first' }
        },
        { idempotency: claim },
      )
      await started.opened
      const during = await rejection(once(claim, opened.second ?? store))
      expect(during).toMatchObject({ code: 'ABORTED', reason: 'IDEMPOTENCY_KEY_IN_USE', httpStatus: 409 })
      finish.open()
      expect(await first).toEqual({ run: 'first' })
      expect(await once(claim)).toEqual({ run: 'first' })
      expect(runs).toBe(0)
    })

    it('has one effect when many race', async () => {
      const racers = Array.from({ length: 8 }, (_, index) => once(claim, index % 2 ? opened.second : store))
      const outcomes = await Promise.allSettled(racers)
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') expect(outcome.value).toEqual({ run: 1 })
        else expect(outcome.reason).toMatchObject({ reason: 'IDEMPOTENCY_KEY_IN_USE' })
      }
      expect(runs).toBe(1)
      expect(labels((await readAll(store.outbox)).events)).toEqual(['run 1'])
    })

    it('refuses keys that are empty or longer than 255 characters', async () => {
      for (const key of ['', 'x'.repeat(256)])
        expect(await rejection(once({ ...claim, key }))).toMatchObject({ code: 'INVALID_ARGUMENT' })
      expect(await once({ ...claim, key: 'x'.repeat(255) })).toEqual({ run: 1 })
    })

    it('finds what was committed, with its fingerprint', async () => {
      expect(await store.idempotency.find(claim.scope, claim.key)).toBeUndefined()
      await once(claim)
      const record = await store.idempotency.find(claim.scope, claim.key)
      expect(record).toEqual({ fingerprint: 'f-1', result: { run: 1 }, outcome: undefined })
    })

    it('settles once: the first answer stays', async () => {
      await once(claim)
      await store.idempotency.settle(claim, { ok: { orderId: 'o-1' } })
      await store.idempotency.settle(claim, { ok: { orderId: 'o-2' } })
      const record = await store.idempotency.find(claim.scope, claim.key)
      expect(record).toEqual({ fingerprint: 'f-1', result: { run: 1 }, outcome: { ok: { orderId: 'o-1' } } })
    })

    it('settles a key that no transaction served', async () => {
      await store.idempotency.settle(claim, { error: { code: 'NOT_FOUND', message: 'no such order' } })
      const record = await store.idempotency.find(claim.scope, claim.key)
      expect(record).toMatchObject({ fingerprint: 'f-1', outcome: { error: { code: 'NOT_FOUND' } } })
    })

    it('forgets a key when its time is over', async () => {
      await once(claim)
      await opened.shiftClock(claim.keepMs - 1_000)
      expect(await once(claim)).toEqual({ run: 1 })
      await opened.shiftClock(2_000)
      expect(await store.idempotency.find(claim.scope, claim.key)).toBeUndefined()
      expect(await once({ ...claim, fingerprint: 'f-2' })).toEqual({ run: 2 })
    })

    it('trims what is past its time, and says how many', async () => {
      await once(claim)
      await once({ ...claim, key: 'k-2', keepMs: 600_000 })
      await opened.shiftClock(claim.keepMs + 1)
      expect(await store.idempotency.trim()).toBe(1)
      expect(await store.idempotency.find(claim.scope, 'k-2')).toBeDefined()
    })
  })
}
