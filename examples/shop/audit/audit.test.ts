import { describe, expect, it } from 'vitest'
import { type AuditResult, auditUntilSettled, pollMs } from './audit.ts'
import { toShipments } from './reader.ts'
import type { Snapshot } from './snapshot.ts'

const clean: Snapshot = { products: [], levels: [], orders: [], missingOrders: [], charges: [] }
const broken: Snapshot = { ...clean, missingOrders: ['o1'] }

/** Runs the loop on a clock that only sleeping moves; `at` says what a reading finds at a time, or throws. */
async function run(
  at: (ms: number) => Snapshot,
  minWaitMs = 0,
): Promise<{ result: AuditResult; ms: number; readings: number }> {
  let ms = 0
  let readings = 0
  const result = await auditUntilSettled({
    now: () => ms,
    sleep: async (duration) => {
      ms += duration
    },
    read: async () => {
      readings++
      return at(ms)
    },
    settleMs: 2_200,
    minWaitMs,
    rules: {},
  })
  return { result, ms, readings }
}

describe('the audit', () => {
  it('is done at once when everything balances', async () => {
    expect(await run(() => clean)).toMatchObject({ ms: 0, readings: 1, result: { violations: [] } })
  })

  it('waits for what is still under way', async () => {
    const { result, ms } = await run((now) => (now < 1_000 ? broken : clean))
    expect(result.violations).toEqual([])
    expect(ms).toBe(2 * pollMs)
  })

  it('believes nothing before a provider that is slow has had its time', async () => {
    const late = (now: number): Snapshot => (now < 3_000 ? clean : broken)
    expect((await run(late, 1_000)).result.violations).toEqual([])
    expect((await run(late, 3_000)).result.violations).toHaveLength(1)
  })

  it('reports what is wrong when the time to settle is over, by a reading begun at its end', async () => {
    const { result, ms, readings } = await run(() => broken)
    expect(result.violations).toHaveLength(1)
    expect(ms).toBe(2_200)
    expect(readings).toBe(6)
  })

  it('reads again when the shop does not answer for a while, and throws when it never does', async () => {
    const silent = (until: number) => (now: number) => {
      if (now < until) throw new Error('connection refused')
      return clean
    }
    expect((await run(silent(1_500))).result.violations).toEqual([])
    await expect(run(silent(Number.POSITIVE_INFINITY))).rejects.toThrow('connection refused')
  })
})

describe('shipments', () => {
  it('are counted whether the shop answers one or a list', () => {
    expect(toShipments({ orderId: 'o', status: 'shipped' })).toEqual([{ status: 'shipped' }])
    expect(toShipments({ items: [{ state: 'shipped' }, {}] })).toEqual([{ status: 'shipped' }, { status: undefined }])
    expect(toShipments({ items: [] })).toEqual([])
    expect(toShipments([{ status: 'a' }, { status: 'b' }])).toHaveLength(2)
    expect(toShipments(undefined)).toEqual([])
  })
})
