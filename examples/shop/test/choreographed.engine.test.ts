// The shop without its checkout saga: events alone bring orders to their ends. What the two flows have in common is tried with the
// other; here is what could differ. It takes a minute, so CI leaves it out: BANYAN_EVERY_ENGINE=1 runs it.
import { it } from 'vitest'
import { blackBox, orderLife } from './black-box.ts'
import { startShape } from './shapes.ts'

const shop = 'the choreographed shop, one process, embedded PostgreSQL'

if (process.env['BANYAN_EVERY_ENGINE'] === undefined)
  it.skip(shop, () => undefined) // It takes a minute: set BANYAN_EVERY_ENGINE.
else blackBox(shop, () => startShape({ split: false, server: false, checkout: 'choreographed' }), orderLife)
