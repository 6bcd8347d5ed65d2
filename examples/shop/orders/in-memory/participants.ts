/** The services that the sagas of orders ask, made from their contracts, with their books in a map. */
import { defineService, type Transaction } from 'banyan'
import { Catalog } from '../../catalog/contract.ts'
import { Inventory } from '../../inventory/contract.ts'
import { Payments } from '../../payments/contract.ts'
import { Shipping } from '../../shipping/contract.ts'
import { database, fates, type Kept, type Of, unused } from './kept.ts'

const day = 86_400_000
/** What everybody takes for what they do, in milliseconds; a slow card's. */
const workMs = 20
const slowMs = 3_000
const packingMs = 400
const carrierMs = 1_000
const travelMs: Readonly<Record<string, number>> = { lost: Number.POSITIVE_INFINITY, late: 20 * day }

/** Takes its time. */
export type Work = (ms?: number) => Promise<void>

export function createCatalog() {
  return defineService(Catalog, { database, operations: { list: unused, get: unused, price: unused } })
}

export function createInventory(of: Of, work: Work) {
  return defineService(Inventory, {
    database,
    operations: {
      level: unused,
      count: unused,
      async reserve({ orderId, items }, ctx) {
        await work(workMs)
        const kept = of(orderId)
        if (items[0]?.sku === fates.soldOut) throw ctx.fail('OUT_OF_STOCK', { sku: fates.soldOut, available: 0 })
        if (kept.stock === 'released') throw ctx.fail('GIVEN_UP')
        kept.stock = 'reserved'
        return { orderId }
      },
      async release({ orderId }) {
        await work(workMs)
        of(orderId).stock = 'released'
        return { orderId }
      },
      async inspect({ orderId }) {
        of(orderId).stock = 'inspected'
        return { items: [] }
      },
      async giveBack({ orderId }) {
        of(orderId).stock = 'gone'
        return { orderId }
      },
      async restock({ orderId }) {
        of(orderId).stock = 'restocked'
        return { orderId }
      },
    },
    on: (on) => [
      on(Shipping.events.shipped, ({ data }) => {
        of(data.orderId).stock = 'gone'
      }),
    ],
  })
}

export function createPayments(of: Of, work: Work) {
  return defineService(Payments, {
    database,
    operations: {
      get: unused,
      history: unused,
      async authorize({ orderId, token }, ctx) {
        await work(token === fates.slow ? slowMs : workMs)
        const kept = of(orderId)
        if (token === fates.declined) throw ctx.fail('DECLINED')
        if (token === fates.slow) throw ctx.fail('TIMED_OUT')
        if (kept.givenUp) throw ctx.fail('GIVEN_UP')
        kept.money = 'held'
        return { orderId }
      },
      async capture({ orderId }, ctx) {
        await work(workMs)
        const kept = of(orderId)
        if (kept.money !== 'held' && kept.money !== 'taken') throw ctx.fail('NOT_HELD')
        kept.money = 'taken'
        return { orderId }
      },
      async release({ orderId }) {
        const kept = of(orderId)
        kept.givenUp = true
        if (kept.money !== 'none') kept.money = 'given back'
        return { orderId }
      },
      refund: ({ orderId }, ctx) =>
        ctx.transact(async (tx) => {
          of(orderId).money = 'given back'
          tx.publish(Payments.events.released, { orderId, refunded: 1 })
          return { orderId }
        }),
    },
  })
}

export function createShipping(orders: ReadonlyMap<string, Kept>, of: Of, work: Work) {
  return defineService(Shipping, {
    database,
    operations: {
      get: unused,
      async prepare({ orderId }, ctx) {
        await work(workMs)
        const kept = of(orderId)
        if (kept.parcel === 'none') {
          kept.parcel = 'packed'
          kept.dueMs = ctx.now() + packingMs
        }
        return { orderId, stopped: kept.parcel === 'stopped' }
      },
      stop: ({ orderId }, ctx) =>
        ctx.transact(async (tx) => {
          const kept = of(orderId)
          if (!['none', 'packed', 'stopped'].includes(kept.parcel)) throw ctx.fail('TOO_LATE')
          if (kept.parcel !== 'stopped') tx.publish(Shipping.events.stopped, { orderId })
          kept.parcel = 'stopped'
          return { orderId }
        }),
      async claim({ orderId }) {
        of(orderId).parcel = 'claimed'
        return { orderId }
      },
      returnLabel: ({ orderId }, ctx) =>
        ctx.transact(async () => {
          if (of(orderId).label === 'void') throw ctx.fail('VOID')
          of(orderId).label = 'made'
          return { label: orderId }
        }),
      async voidLabel({ orderId }) {
        of(orderId).label = 'void'
        return { orderId }
      },
    },
    jobs: [{ name: 'carry', everyMs: 100, run: (ctx) => ctx.transact(async (tx) => carry(tx, ctx.now(), orders)) }],
  })
}

/** What is due leaves or arrives; labels are used by nobody but who is told to (`sendBack`). */
function carry(tx: Transaction<'shipping'>, nowMs: number, orders: ReadonlyMap<string, Kept>): void {
  for (const [orderId, kept] of orders) {
    if (kept.dueMs > nowMs) continue
    if (kept.parcel === 'packed') {
      kept.parcel = 'shipped'
      kept.dueMs = nowMs + (travelMs[kept.fate] ?? carrierMs)
      tx.publish(Shipping.events.shipped, { orderId })
    } else if (kept.parcel === 'shipped' || kept.parcel === 'claimed') {
      kept.parcel = 'delivered'
      kept.dueMs = Number.POSITIVE_INFINITY
      tx.publish(Shipping.events.delivered, { orderId })
    } else if (kept.label === 'used') {
      kept.label = 'void'
      tx.publish(Shipping.events.returned, { orderId })
    }
  }
}
