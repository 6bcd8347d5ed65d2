// Payments that were there before their history was kept: they stand as they stood, and go on from there.

import { createPostgresStore, loadMigrations, type PostgresStore } from '@banyan/postgres'
import { findPostgres, type PostgresServer, startPostgresServer } from '@banyan/tools/postgres-server'
import { loadAggregate, readPast } from 'banyan/event-sourcing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHistory } from './history.ts'
import { learn, PaymentLife } from './payment.ts'

describe.skipIf(!findPostgres().found)('the migration to a history', () => {
  let server: PostgresServer
  let store: PostgresStore
  beforeAll(async () => {
    server = await startPostgresServer()
    store = await createPostgresStore({ url: server.url, service: 'payments' })
    const [first, ...rest] = await loadMigrations(new URL('./migrations/', import.meta.url))
    if (first === undefined) throw new Error('there are no migrations')
    await store.migrate([first])
    await store.sql`
      insert into payment (order_id, state, unsettled, charge_id, authorized, captured, refunded) values
        ('paid', 'captured', false, 'ch_1', 500, 500, 0), ('late', 'releasing', true, null, 0, 0, 0)`
    await store.migrate([first, ...rest])
  })
  afterAll(async () => {
    await store?.close()
    await server?.stop()
  })

  it('keeps how they stand, and they go on from there', async () => {
    const { state, version } = await loadAggregate(store.streams, PaymentLife, 'paid')
    expect({ state, version }).toEqual({
      version: 1,
      state: { state: 'captured', unsettled: false, chargeId: 'ch_1', authorized: 500, captured: 500, refunded: 0 },
    })
    expect(learn(state, { type: 'order-ended' }, 'paid').map(({ type }) => type)).toEqual(['releaseDue'])
    const { events } = await readPast(store.streams, PaymentLife, 'late')
    expect(toHistory('late', events)).toMatchObject([{ version: 1, event: 'recorded', state: 'releasing' }])
  })

  it('says of each row which version it shows', async () => {
    expect(await store.sql`select order_id, version from payment order by order_id`).toEqual([
      { order_id: 'late', version: 1 },
      { order_id: 'paid', version: 1 },
    ])
  })
})
