/**
 * The log in memory: one array per source, leases with epochs, and the relay's position stored by the append. For one
 * process: tests, virtual time, and systems that may forget their events when they end.
 */

import type { Environment } from '../../core/environment/environment.ts'
import { BanyanError } from '../../core/error.ts'
import { isSameInstance } from '../../store/holder.ts'
import { Fenced } from '../../store/inbox.ts'
import type { OutboxCursor } from '../../store/outbox.ts'
import type { Bus, LoggedEvent, RelayLease } from '../bus.ts'

/** What a bus in memory is made of. */
export interface MemoryBusOptions {
  readonly environment: Environment
  /** Events kept per source, at most; an append beyond them is refused with RESOURCE_EXHAUSTED. Default 1 000 000. */
  readonly maxEventsPerSource?: number
}

interface SourceLog {
  readonly events: LoggedEvent[]
  epoch: number
  holder: string | undefined
  expiresMs: number
  cursor: OutboxCursor | undefined
}

/**
 * Makes a bus in memory.
 *
 * @example
 * const bus = createMemoryBus({ environment })
 * await bus.read('orders', 0, 100)
 */
export function createMemoryBus(options: MemoryBusOptions): Bus {
  const { clock } = options.environment
  const maxEvents = options.maxEventsPerSource ?? 1_000_000
  const logs = new Map<string, SourceLog>()
  const listeners = new Set<(source: string) => void>()
  let closed = false

  function logOf(source: string): SourceLog {
    if (closed) throw new BanyanError('UNAVAILABLE', 'the bus is closed', { retryable: true })
    const log = logs.get(source) ?? { events: [], epoch: 0, holder: undefined, expiresMs: 0, cursor: undefined }
    logs.set(source, log)
    return log
  }
  function isCurrent(log: SourceLog, lease: RelayLease): boolean {
    return log.epoch === lease.epoch && log.holder !== undefined
  }

  return {
    async lease(source, holder, leaseMs) {
      const log = logOf(source)
      if (log.holder !== undefined && !isSameInstance(log.holder, holder) && log.expiresMs > clock.now())
        return undefined
      if (log.holder !== holder) log.epoch += 1
      log.holder = holder
      log.expiresMs = clock.now() + leaseMs
      return { source, epoch: log.epoch, cursor: log.cursor }
    },
    async append(lease, events, cursor) {
      const { source } = lease
      const log = logOf(source)
      if (!isCurrent(log, lease)) throw new Fenced(`the relay of '${source}' (epoch ${lease.epoch})`)
      if (log.events.length + events.length > maxEvents) throw logFull(source, maxEvents)
      for (const event of events) log.events.push({ ...event, source, offset: log.events.length + 1 })
      log.cursor = cursor
      if (events.length > 0) for (const listener of listeners) queueMicrotask(() => listener(source))
    },
    async release(lease) {
      const log = logOf(lease.source)
      if (isCurrent(log, lease)) log.holder = undefined
    },
    read: async (source, afterOffset, limit) => logOf(source).events.slice(afterOffset, afterOffset + limit),
    end: async (source) => logOf(source).events.length,
    onAppend(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async ping() {
      if (closed) throw new BanyanError('UNAVAILABLE', 'the bus is closed', { retryable: true })
    },
    async close() {
      closed = true
    },
  }
}

function logFull(source: string, maxEvents: number): BanyanError {
  return new BanyanError('RESOURCE_EXHAUSTED', `the log of '${source}' holds its ${maxEvents} events already`, {
    reason: 'LOG_FULL',
    retryable: true,
    hint: 'The bus in memory forgets nothing; use the Postgres bus for long runs, or raise maxEventsPerSource.',
  })
}
