// A flow as text: causes above what they caused, and what is missing below.
import type { FlowEventView } from 'banyan/saga'
import { expect, test } from 'vitest'
import { formatFlow } from './flow-text.ts'

const time = '2026-01-01T00:00:00.000Z'
const happened = (type: string, causedBy?: string): FlowEventView => ({
  id: type,
  type,
  source: type.split('.')[0] as string,
  at: time,
  ...(causedBy === undefined ? {} : { causedBy: { id: causedBy, type: causedBy } }),
})

test('events stand below what caused them, and what is missing at the end, late ones marked', () => {
  const events = [
    happened('orders.placed.v1'),
    happened('inventory.reserved.v1', 'orders.placed.v1'),
    happened('audit.noted.v1', 'orders.placed.v1'),
    happened('payments.authorized.v1', 'inventory.reserved.v1'),
    happened('shipping.shipped.v1'),
  ]
  const missing = ['waiting for a, expected within 5 s, 4 min late', 'waiting for b, expected within 1 h']
  expect(formatFlow({ events, missing, late: 1 })).toEqual([
    `  orders.placed.v1            ${time}  from orders`,
    `    inventory.reserved.v1     ${time}  from inventory`,
    `      payments.authorized.v1  ${time}  from payments`,
    `    audit.noted.v1            ${time}  from audit`,
    `  shipping.shipped.v1         ${time}  from shipping`,
    '  ! waiting for a, expected within 5 s, 4 min late',
    '  - waiting for b, expected within 1 h',
  ])
})

test('a circle, an event that caused itself and a long chain are shown too', () => {
  const circle = [happened('a', 'b'), happened('b', 'a'), happened('c', 'c')]
  expect(formatFlow({ events: circle, missing: [], late: 0 })).toHaveLength(3)
  const chain = Array.from({ length: 2_000 }, (_, n) => happened(`e${n}`, n === 0 ? undefined : `e${n - 1}`))
  const lines = formatFlow({ events: chain, missing: [], late: 0 })
  expect(lines).toHaveLength(2_000)
  expect(lines.at(-1)?.indexOf('e1999')).toBe(42)
})
