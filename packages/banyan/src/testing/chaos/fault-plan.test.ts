/** A plan is the same for the same seed, keeps its length, and has every kind in about its share. */
import { expect, it } from 'vitest'
import { planFaults, targetOf } from './fault-plan.ts'

const kinds = { kill: { weight: 3 }, pause: { weight: 1, forMs: [2_000, 5_000] }, never: { weight: 0 } } as const

it('gives one schedule for one seed', () => {
  const options = { seed: 7, lengthMs: 60_000, kinds }
  expect(planFaults(options)).toEqual(planFaults(options))
  expect(planFaults({ ...options, seed: 8 })).not.toEqual(planFaults(options))
})

it('keeps to its length, its pace and its shares', () => {
  const plan = planFaults({ seed: 1, lengthMs: 1_000_000, everyMs: [100, 200], kinds })
  const gaps = plan.slice(1).map(({ atMs }, index) => atMs - (plan[index]?.atMs ?? 0))
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(99)
  expect(Math.max(...gaps)).toBeLessThanOrEqual(201)
  expect(plan.at(-1)?.atMs).toBeLessThan(1_000_000)
  const kills = plan.filter(({ kind }) => kind === 'kill').length / plan.length
  expect(kills).toBeGreaterThan(0.7)
  expect(kills).toBeLessThan(0.8)
  for (const { kind, forMs } of plan) {
    expect(['kill', 'pause']).toContain(kind)
    if (kind === 'pause') expect([forMs >= 2_000, forMs <= 5_000]).toEqual([true, true])
    else expect(forMs).toBe(0)
  }
})

it('says what is wrong with a plan of nothing', () => {
  expect(() => planFaults({ seed: 1, lengthMs: 5_000, kinds: {} })).toThrow('needs a kind')
})

it('means somebody who is there, or nobody', () => {
  expect([0, 0.49, 0.5, 0.999].map((fraction) => targetOf(['a', 'b'], fraction))).toEqual(['a', 'a', 'b', 'b'])
  expect(targetOf([], 0.5)).toBeUndefined()
})
