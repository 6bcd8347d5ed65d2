// The shop without its checkout saga: events alone bring orders to their ends. What the two flows have in common is tried with the
// other; here is what could differ.
import { blackBox, orderLife } from './black-box.ts'
import { startShape } from './shapes.ts'

blackBox(
  'the choreographed shop, one process, embedded PostgreSQL',
  () => startShape({ split: false, server: false, checkout: 'choreographed' }),
  orderLife,
)
