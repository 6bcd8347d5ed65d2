/**
 * A slice of the chaos rig of sagas: one point of each port, and the proof that it has teeth. Every point is `npm run chaos:sagas`.
 */
import { expect, it } from 'vitest'
import { type RigOptions, toRigOptions } from './options.ts'
import { runRig, toSummaryLine } from './run.ts'

/** Every trial starts processes and waits for leases, more than CI has time for; the shop's kill loop kills its sagas there. */
const some = it.skipIf(process.env['BANYAN_EVERY_ENGINE'] === undefined)

const asked = (...args: readonly string[]): RigOptions => toRigOptions(args) as RigOptions

some('comes to a legal end with balanced books, killed once at each port', { timeout: 180_000 }, async () => {
  const lines: string[] = []
  const summary = await runRig(asked('--slice', '--scenario', 'refused'), (line) => lines.push(line))
  const { points, faults, missed } = summary
  expect(toSummaryLine({ ...summary, points: 0, faults: 0, missed: 0 }), lines.join('\n')).toBe(
    'points 0, faults 0, missed 0, illegal 0, stuck 0, unbalanced 0',
  )
  expect(points).toBeGreaterThanOrEqual(9)
  expect(faults + missed).toBe(points)
  // Where the run went another way nothing happened; that is the exception.
  expect(missed).toBeLessThanOrEqual(2)
})

some('finds what is done twice when each attempt of a step has a key of its own', { timeout: 120_000 }, async () => {
  const taken = String.raw`^wallet\.transact\(ledger wallet\.v1/take\)#1$`
  const { unbalanced } = await runRig(
    asked('--naive', '--scenario', 'refused', '--only', taken, '--from', '2', '--lanes', '1'),
    () => undefined,
  )
  expect(unbalanced).toBe(1)
})
