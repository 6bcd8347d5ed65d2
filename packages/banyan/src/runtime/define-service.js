/**
 * `defineService`: the implementation of a contract, as a description. Nothing runs and nothing is opened here; the host
 * does that. Types flow from the contract: every operation needs a handler, each handler's input, output and errors are
 * those of its operation, and it may call only what `calls` declares.
 */
import { BanyanError } from '../core/error.ts'
import { serviceFaults } from './service-faults.ts'
import { subscribe } from './subscribe.ts'
/**
 * Implements a contract.
 *
 * @example
 * export const inventory = defineService(Inventory, {
 *   calls: [Catalog],
 *   database: defineDatabase<InventoryTables>({ migrations: new URL('./migrations/', import.meta.url) }),
 *   operations: {
 *     reserve: (input, ctx) => ctx.transact(async (tx) => {
 *       tx.publish(Inventory.events.reserved, { orderId: input.orderId, reservationId: ctx.newId() })
 *       return { reservationId: '…', expiresAt: '…' }
 *     }),
 *   },
 *   on: (on) => [on(Orders.events.cancelled, async (event, ctx) => { … })],
 *   jobs: [{ name: 'expire', everyMs: 60_000, run: (ctx) => ctx.transact(async (tx) => { … }) }],
 * })
 */
export function defineService(contract, spec) {
  const described = {
    $banyan: 'service',
    contract,
    calls: Object.freeze([...(spec.calls ?? [])]),
    database: spec.database,
    operations: Object.freeze({ ...spec.operations }),
    subscriptions: Object.freeze([...(spec.on?.(subscribe) ?? [])]),
    jobs: Object.freeze([...(spec.jobs ?? [])]),
  }
  const faults = serviceFaults(described)
  if (faults.length > 0)
    throw new BanyanError(
      'INVALID_ARGUMENT',
      `service '${contract.name}':\n${faults.map((f) => `  - ${f}`).join('\n')}`,
      {
        reason: 'INVALID_SERVICE',
      },
    )
  return Object.freeze(described)
}
/** True for what `defineService` made, also in another copy of this package. */
export function isService(value) {
  return typeof value === 'object' && value !== null && value.$banyan === 'service'
}
