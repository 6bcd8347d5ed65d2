import { expect, test } from 'vitest'
import { planConnections } from './connections.ts'
import { planTopology } from './topology.ts'

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `service-${index}`)

test.each([
  [5, [] as string[]],
  [5, 'all' as const],
  [8, 'all' as const],
  [12, [] as string[]],
])('%i services, split %j: within the budget of 80', (count, split) => {
  const plan = planConnections(planTopology(names(count), split))
  expect(plan.total).toBeLessThanOrEqual(80)
  expect(plan.perService).toBeGreaterThanOrEqual(2)
  expect(plan.perBus).toBeGreaterThanOrEqual(2)
})

test('few services do not take all there is', () => {
  expect(planConnections(planTopology(names(1), [])).perService).toBe(10)
})

test('too many services for the budget: each gets its least, and the total says so', () => {
  const plan = planConnections(planTopology(names(40), 'all'))
  expect(plan.perService).toBe(2)
  expect(plan.total).toBe(5 + 40 * 3 + 40 * 2)
})
