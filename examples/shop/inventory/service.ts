/** The warehouse. */
import { defineDatabase, defineService } from 'banyan'
import { isChoreographed } from '../flow.ts'
import { Inventory } from './contract.ts'
import { giveBack, inspect, release, reserve, restock } from './promise.ts'
import { onCancelled, onPlaced, onRejected, onShipped } from './reservation.ts'
import type { InventoryTables } from './tables.ts'

const toLevel = (item: InventoryTables['item']) => ({
  sku: item.sku,
  onHand: item.on_hand,
  reserved: item.reserved,
  available: item.on_hand - item.reserved,
})

export const inventory = defineService(Inventory, {
  database: defineDatabase<InventoryTables>({ migrations: new URL('./migrations/', import.meta.url) }),
  operations: {
    async level({ sku }, ctx) {
      const item = await ctx.db.selectFrom('item').selectAll().where('sku', '=', sku).executeTakeFirst()
      if (item === undefined) throw ctx.fail('UNKNOWN_SKU')
      return toLevel(item)
    },
    count: ({ sku, onHand }, ctx) =>
      ctx.transact(async (tx) => {
        const item = await tx.db.selectFrom('item').selectAll().where('sku', '=', sku).forUpdate().executeTakeFirst()
        if (item === undefined) throw ctx.fail('UNKNOWN_SKU')
        if (onHand < item.reserved) throw ctx.fail('BELOW_RESERVED', { reserved: item.reserved })
        await tx.db.updateTable('item').set({ on_hand: onHand }).where('sku', '=', sku).execute()
        return toLevel({ ...item, on_hand: onHand })
      }),
    reserve,
    release,
    inspect,
    giveBack,
    restock,
  },
  on: () => (isChoreographed ? [onPlaced, onRejected, onCancelled, onShipped] : [onShipped]),
})
