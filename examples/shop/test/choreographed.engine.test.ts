// The shop without its checkout saga: events alone bring orders to their ends. What the two flows have in common is tried with the
// other. All that could differ takes a minute (BANYAN_EVERY_ENGINE=1); CI has orders that end well, and those that are cancelled.
import { cancelCases } from './black-box/cancel-cases.ts'
import { orderCases } from './black-box/order-cases.ts'
import { blackBox, orderLife } from './black-box.ts'
import { startShape } from './shapes.ts'

blackBox(
  'the choreographed shop, one process, embedded PostgreSQL',
  () => startShape({ split: false, server: false, checkout: 'choreographed' }),
  process.env['BANYAN_EVERY_ENGINE'] === undefined ? [orderCases, cancelCases] : orderLife,
)
