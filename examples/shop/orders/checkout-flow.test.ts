// The choreographed checkout on paper: no dead ends, nothing out of nowhere.
import { expect, test } from 'vitest'
import { checkoutFlow } from './checkout-flow.ts'

const { starts, expects } = checkoutFlow.flow
const ends = ['shipping.delivered.v1', 'orders.rejected.v1', 'orders.cancelled.v1']

test('whatever is to come is followed by something, or is an end', () => {
  const followed = new Set(expects.map(({ after }) => after))
  for (const type of [starts, ...expects.flatMap(({ any }) => any)])
    expect(followed.has(type) !== ends.includes(type), type).toBe(true)
})

test('whatever something follows is to come itself', () => {
  const toCome = new Set([starts, ...expects.flatMap(({ any }) => any)])
  for (const { after } of expects) expect([...toCome]).toContain(after)
  for (const end of ends) expect([...toCome]).toContain(end)
})
