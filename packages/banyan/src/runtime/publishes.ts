/** What most schedules do: publish one event. */
import type { Event } from '../contract/event.ts'
import type { Owned } from '../contract/operation.ts'
import type { CommandContext } from './context.ts'
import type { Occurrence } from './schedule/define-schedule.ts'

/**
 * The `run` of a schedule that publishes one event at each occurrence, exactly once.
 *
 * @example
 * const schedule = {
 *   name: 'remind',
 *   cron: '0 8 * * MON-FRI',
 *   timezone: 'Europe/Zurich',
 *   run: publishes(Orders.events.paymentOverdue, ({ atMs }) => ({ orderId: `o-${atMs}` })),
 * }
 */
export function publishes<E extends Event & Owned>(
  event: E,
  data: (occurrence: Occurrence) => E['~types']['data'],
): (occurrence: Occurrence, ctx: CommandContext<E['contract'], never>) => Promise<void> {
  return (occurrence, ctx) => ctx.transact(async (tx) => tx.publish(event as never, data(occurrence) as never))
}
