/** Scheduled events in memory. An event that a transaction takes back is held by it until it ends, as a row would be. */
import type { Clock } from '../../core/environment/environment.ts'
import type { NewScheduledEvent, Scheduled } from '../scheduled.ts'
import type { MemoryOutbox } from './memory-outbox.ts'

/** The port, and what a committing transaction does with it. */
export interface MemoryScheduled extends Scheduled {
  add(events: readonly NewScheduledEvent[]): void
  /** Holds an event for a transaction that takes it back; false when it is not there or held by another. */
  hold(eventId: string): boolean
  /** Lets go of what a transaction held, or removes it for good. */
  settle(eventIds: readonly string[], remove: boolean): void
}

interface Waiting {
  readonly event: NewScheduledEvent['event']
  readonly dueMs: number
  readonly place: number
}

export function createMemoryScheduled(clock: Clock, outbox: MemoryOutbox): MemoryScheduled {
  const waiting = new Map<string, Waiting>()
  const held = new Set<string>()
  const listeners = new Set<() => void>()
  let made = 0

  const inOrder = (): Waiting[] =>
    [...waiting.values()].sort((one, other) => one.dueMs - other.dueMs || one.place - other.place)
  const dueIn = (next: Waiting | undefined): number | undefined =>
    next === undefined ? undefined : Math.max(0, next.dueMs - clock.now())

  return {
    add(events) {
      for (const { event, due } of events) {
        made += 1
        const dueMs = 'at' in due ? due.at : clock.now() + due.afterMs
        waiting.set(event.id, { event, dueMs, place: made })
      }
      if (events.length > 0) for (const listener of listeners) queueMicrotask(listener)
    },
    hold(eventId) {
      if (!waiting.has(eventId) || held.has(eventId)) return false
      held.add(eventId)
      return true
    },
    settle(eventIds, remove) {
      for (const eventId of eventIds) {
        held.delete(eventId)
        if (remove) waiting.delete(eventId)
      }
    },
    async move(limit) {
      const due = inOrder().filter(({ event, dueMs }) => dueMs <= clock.now() && !held.has(event.id))
      const page = due.slice(0, limit)
      outbox.assertRoom(page.length)
      for (const { event } of page) waiting.delete(event.id)
      outbox.append(page.map(({ event }) => event))
      return { moved: page.length, nextInMs: dueIn(inOrder().find(({ event }) => !held.has(event.id))) }
    },
    cancel: async (eventId) => !held.has(eventId) && waiting.delete(eventId),
    list: async (limit) =>
      inOrder()
        .slice(0, limit)
        .map(({ event, dueMs }) => ({
          eventId: event.id,
          type: event.type,
          key: event.key,
          dueAt: new Date(dueMs).toISOString(),
          failures: 0,
          lastError: '',
        })),
    async depth() {
      const dueMs = inOrder()[0]?.dueMs ?? Number.POSITIVE_INFINITY
      return { waiting: waiting.size, overdueMs: Math.max(0, clock.now() - dueMs) }
    },
    now: async () => clock.now(),
    onSchedule(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
