/**
 * Promises and returns by command: what the sagas of orders ask for. Each may come twice, and each may come after it was undone:
 * what the row says decides.
 */
import type { ContextOf, Failing } from 'banyan'
import type { Inventory } from './contract.ts'
import { findShortage, move, type Tx } from './reservation.ts'
import type { InventoryTables, Line, ReservationState } from './tables.ts'

type Name = 'reserve' | 'release' | 'inspect' | 'giveBack' | 'restock'
type Types<N extends Name> = (typeof Inventory)['operations'][N]['~types']
type Ctx<N extends Name> = ContextOf<typeof Inventory, never, InventoryTables> & Failing<Types<N>['errors']>
type Input<N extends Name> = Types<N>['received']
type Output<N extends Name> = Promise<Types<N>['returned']>

/** Locks the row of an order; undefined when nothing was ever promised to it. */
async function find(tx: Tx, orderId: string): Promise<{ state: ReservationState; lines: Line[] } | undefined> {
  return tx.db
    .selectFrom('reservation')
    .select(['state', 'lines'])
    .where('order_id', '=', orderId)
    .forUpdate()
    .executeTakeFirst()
}

async function become(tx: Tx, orderId: string, state: ReservationState): Promise<void> {
  await tx.db.updateTable('reservation').set({ state }).where('order_id', '=', orderId).execute()
}

export function reserve({ orderId, items }: Input<'reserve'>, ctx: Ctx<'reserve'>): Output<'reserve'> {
  return ctx.transact(async (tx) => {
    const added = await tx.db
      .insertInto('reservation')
      .values({ order_id: orderId, state: 'reserved', lines: JSON.stringify(items) })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    if (added.numInsertedOrUpdatedRows !== 1n) {
      const before = await find(tx, orderId)
      if (before?.state !== 'reserved') throw ctx.fail('GIVEN_UP')
      return { orderId }
    }
    const short = await findShortage(tx, items)
    if (short !== undefined) throw ctx.fail('OUT_OF_STOCK', short)
    await move(tx, items, 1, 0)
    return { orderId }
  })
}

export function release({ orderId }: Input<'release'>, ctx: Ctx<'release'>): Output<'release'> {
  return ctx.transact(async (tx) => {
    const before = await find(tx, orderId)
    if (before?.state === 'reserved') {
      await become(tx, orderId, 'released')
      await move(tx, before.lines, -1, 0)
    }
    // A promise that is asked for after it was given up must not be given.
    if (before === undefined)
      await tx.db
        .insertInto('reservation')
        .values({ order_id: orderId, state: 'released', lines: '[]' })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    return { orderId }
  })
}

export function inspect({ orderId }: Input<'inspect'>, ctx: Ctx<'inspect'>): Output<'inspect'> {
  return ctx.transact(async (tx) => {
    const before = await find(tx, orderId)
    const state = before?.state ?? 'released'
    if (before === undefined || state === 'released' || state === 'refused') throw ctx.fail('NOT_SOLD')
    // It came back before the news that it had left was heard here; that news will change nothing any more.
    if (state === 'reserved') await move(tx, before.lines, -1, -1)
    if (state === 'reserved' || state === 'shipped') await become(tx, orderId, 'inspected')
    return { items: before.lines }
  })
}

export function giveBack({ orderId }: Input<'giveBack'>, ctx: Ctx<'giveBack'>): Output<'giveBack'> {
  return ctx.transact(async (tx) => {
    const before = await find(tx, orderId)
    if (before?.state === 'inspected') await become(tx, orderId, 'shipped')
    return { orderId }
  })
}

export function restock({ orderId }: Input<'restock'>, ctx: Ctx<'restock'>): Output<'restock'> {
  return ctx.transact(async (tx) => {
    const before = await find(tx, orderId)
    if (before?.state === 'restocked') return { orderId }
    if (before?.state !== 'inspected') throw ctx.fail('NOT_INSPECTED')
    await become(tx, orderId, 'restocked')
    await move(tx, before.lines, 0, 1)
    return { orderId }
  })
}
