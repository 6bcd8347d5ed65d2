/**
 * Under which names the books of schedules are kept. A schedule is a consumer group of the service's own inbox whose source is
 * time: an occurrence is marked as an event is, in the transaction of its effect and under an epoch, and everything up to the
 * low-water mark is settled. So what is known of deliveries (a lease, fencing, a commit whose answer was lost) holds for it too.
 */
import { createHash } from 'node:crypto'
import { eventIdAt } from '../../store/scheduled.ts'

/** No service can be called so. */
export const scheduleSource = '@clock'

/** The group of a schedule; no group of subscriptions can be called so. */
export function scheduleGroup(name: string): string {
  return `schedule:${name}`
}

/** Whether a group with this source is a schedule and no consumer of events. */
export function isScheduleSource(source: string): boolean {
  return source === scheduleSource
}

/** The id of an occurrence: the same on every host, at every try, and as old as the occurrence (UUID, version 7). */
export function occurrenceId(service: string, name: string, atMs: number): string {
  const digest = createHash('sha256').update(`${service}/${name}`).digest('hex')
  const random = `00000000-0000-7${digest.slice(0, 3)}-8${digest.slice(3, 6)}-${digest.slice(6, 18)}`
  return eventIdAt(atMs, random)
}
