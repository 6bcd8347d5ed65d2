/** Promising stock to an order, and what becomes of the promise. All or nothing, and each change once. */

import type { Transaction } from 'banyan'
import { type ContextOf, subscribe } from 'banyan'
import { sql } from 'kysely'
import { Orders } from '../orders/contract.ts'
import { Shipping } from '../shipping/contract.ts'
import { Inventory } from './contract.ts'
import type { InventoryTables, Line, ReservationState } from './tables.ts'

type Ctx = ContextOf<typeof Inventory, never, InventoryTables>
export type Tx = Transaction<'inventory', InventoryTables>

/**
 * Locks the items in the order of their names, so that two orders never wait for each other in a circle. "C" is the order that
 * the comparison of strings below has too; the database's own may differ.
 */
export async function findShortage(
  tx: Tx,
  lines: readonly Line[],
): Promise<{ sku: string; available: number } | undefined> {
  const skus = lines.map(({ sku }) => sku)
  const items = await tx.db
    .selectFrom('item')
    .selectAll()
    .where('sku', 'in', skus)
    .orderBy(sql`sku collate "C"`)
    .forUpdate()
    .execute()
  const available = new Map(items.map((item) => [item.sku, item.on_hand - item.reserved]))
  const short = lines.find(({ sku, quantity }) => (available.get(sku) ?? 0) < quantity)
  return short && { sku: short.sku, available: available.get(short.sku) ?? 0 }
}

/** Adds to what is promised and to what is on the shelf, of every line. */
export async function move(tx: Tx, lines: readonly Line[], reserved: 1 | 0 | -1, onHand: 1 | 0 | -1): Promise<void> {
  const ordered = [...lines].sort((a, b) => (a.sku < b.sku ? -1 : 1))
  for (const { sku, quantity } of ordered)
    await tx.db
      .updateTable('item')
      .set({ reserved: sql`reserved + ${reserved * quantity}`, on_hand: sql`on_hand + ${onHand * quantity}` })
      .where('sku', '=', sku)
      .execute()
}

export const onPlaced = subscribe(Orders.events.placed, async ({ data }, ctx: Ctx) => {
  const { orderId, total, paymentToken } = data
  const lines = data.items
  await ctx.transact(async (tx) => {
    const short = await findShortage(tx, lines)
    const state: ReservationState = short === undefined ? 'reserved' : 'refused'
    const added = await tx.db
      .insertInto('reservation')
      .values({ order_id: orderId, state, lines: JSON.stringify(lines) })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    if (added.numInsertedOrUpdatedRows !== 1n) return
    if (short === undefined) {
      await move(tx, lines, 1, 0)
      tx.publish(Inventory.events.reserved, { orderId, total, paymentToken })
    } else tx.publish(Inventory.events.refused, { orderId, reason: 'OUT_OF_STOCK', ...short })
  })
})

/** Ends a promise; one that has ended already, or was never given, stays as it is. */
async function settle(ctx: Ctx, orderId: string, state: 'released' | 'shipped'): Promise<void> {
  await ctx.transact(async (tx) => {
    const ended = await tx.db
      .updateTable('reservation')
      .set({ state })
      .where('order_id', '=', orderId)
      .where('state', '=', 'reserved')
      .returning('lines')
      .executeTakeFirst()
    if (ended !== undefined) await move(tx, ended.lines, -1, state === 'shipped' ? -1 : 0)
  })
}

export const onRejected = subscribe(Orders.events.rejected, ({ data }, ctx: Ctx) =>
  settle(ctx, data.orderId, 'released'),
)
export const onCancelled = subscribe(Orders.events.cancelled, ({ data }, ctx: Ctx) =>
  settle(ctx, data.orderId, 'released'),
)
export const onShipped = subscribe(Shipping.events.shipped, ({ data }, ctx: Ctx) =>
  settle(ctx, data.orderId, 'shipped'),
)
