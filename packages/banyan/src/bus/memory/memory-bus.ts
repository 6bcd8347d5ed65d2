/**
 * The log in memory: one log per source, leases with epochs, and the relay's position stored by the append. For one
 * process: tests, virtual time, and systems that may forget their events when they end.
 */

import type { Environment } from '../../core/environment/environment.ts'
import { BanyanError } from '../../core/error.ts'
import { isSameInstance } from '../../store/holder.ts'
import { Fenced } from '../../store/inbox.ts'
import type { Bus, RelayLease } from '../bus.ts'
import { createMemoryKeeping } from './memory-keeping.ts'
import { MemoryLog } from './memory-log.ts'

/** What a bus in memory is made of. */
export interface MemoryBusOptions {
  readonly environment: Environment
  /** Events kept per source, at most; an append beyond them is refused with RESOURCE_EXHAUSTED. Default 1 000 000. */
  readonly maxEventsPerSource?: number
  /** Events per segment: what retention drops at a time. Default 1 000. */
  readonly segmentEvents?: number
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
  const logs = new Map<string, MemoryLog>()
  const listeners = new Set<(source: string) => void>()
  let closed = false

  function logOf(source: string): MemoryLog {
    if (closed) throw new BanyanError('UNAVAILABLE', 'the bus is closed', { retryable: true })
    const log = logs.get(source) ?? new MemoryLog(source, options.segmentEvents ?? 1_000)
    logs.set(source, log)
    return log
  }
  function isCurrent(log: MemoryLog, lease: RelayLease): boolean {
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
      if (log.size + events.length > maxEvents) throw logFull(source, maxEvents)
      log.append(events, clock.now())
      log.cursor = cursor
      if (events.length > 0) for (const listener of listeners) queueMicrotask(() => listener(source))
    },
    async release(lease) {
      const log = logOf(lease.source)
      if (isCurrent(log, lease)) log.holder = undefined
    },
    read: async (source, afterOffset, limit) => logOf(source).read(afterOffset, limit),
    end: async (source) => logOf(source).end,
    keeping: createMemoryKeeping(clock, logs),
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
    hint: 'Give its events a retention, use the Postgres bus for long runs, or raise maxEventsPerSource.',
  })
}
