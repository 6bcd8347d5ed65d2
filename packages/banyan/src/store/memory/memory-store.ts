/**
 * A store in memory: transactions, outbox, inbox and idempotency keys with the meaning they have in Postgres, and nothing on
 * a disk. It runs services under virtual time and in tests without a database.
 *
 * It keeps no rows for business code and speaks no SQL: a service that is to run here keeps its state in values of its own
 * and changes them last in its transaction, for only what goes through the port is taken back when a transaction fails.
 * Work runs concurrently; a commit is one synchronous step, all of it or nothing.
 */
import type { Environment } from '../../core/environment/environment.ts'
import type { Store } from '../store.ts'
import { createGroupDoor } from './group-door.ts'
import { createMemoryBridges } from './memory-bridges.ts'
import { createMemoryStreams } from './memory-event-store.ts'
import { createMemoryIdempotency } from './memory-idempotency.ts'
import { createMemoryInbox } from './memory-inbox.ts'
import { createMemoryOutbox } from './memory-outbox.ts'
import { createMemoryProjections } from './memory-projections.ts'
import { createMemorySagas } from './memory-sagas.ts'
import { createMemoryScheduled } from './memory-scheduled.ts'
import { createStreamLocks } from './memory-stream-locks.ts'
import { createMemoryTransactions } from './memory-transactions.ts'
import { speaksNoSql } from './no-sql.ts'

/** What a store in memory is made of. */
export interface MemoryStoreOptions {
  readonly environment: Environment
  /** The service whose store this is; for messages. */
  readonly service: string
  /** Events that wait for a relay, at most; a commit beyond them is refused with RESOURCE_EXHAUSTED. Default 100 000. */
  readonly maxOutboxEvents?: number
  /** Events in streams, at most; a commit beyond them is refused with RESOURCE_EXHAUSTED. Default 1 000 000. */
  readonly maxStreamEvents?: number
  /** Idempotency keys kept, at most; a new key beyond them is refused with RESOURCE_EXHAUSTED. Default 100 000. */
  readonly maxIdempotencyKeys?: number
}

/**
 * Makes a store in memory.
 *
 * Errors: UNIMPLEMENTED for anything SQL, UNAVAILABLE once it is closed, and those of the {@link Store} port.
 *
 * @example
 * const store = createMemoryStore({ environment, service: 'orders' })
 * const event = { id: 'e-1', type: 'orders.placed.v1', key: 'o-1', envelope: '{}' }
 * await store.transact(async (tx) => {
 *   tx.publish(event)
 *   return 'committed'
 * }) // 'committed'
 */
export function createMemoryStore(options: MemoryStoreOptions): Store {
  const { environment, service } = options
  const outbox = createMemoryOutbox(environment.random.uuidv7(), options.maxOutboxEvents ?? 100_000, environment.clock)
  const door = createGroupDoor(environment.timers)
  const inbox = createMemoryInbox(environment.clock)
  const idempotency = createMemoryIdempotency(environment.clock, options.maxIdempotencyKeys ?? 100_000)
  const { random, clock } = environment
  const streams = createMemoryStreams(clock, random.uuidv7(), options.maxStreamEvents ?? 1_000_000)
  const locks = createStreamLocks()
  const scheduled = createMemoryScheduled(clock, outbox)
  const sagas = createMemorySagas(clock)
  const transactions = createMemoryTransactions({
    environment,
    service,
    outbox,
    inbox,
    idempotency,
    scheduled,
    streams,
    sagas,
    locks,
    door,
  })
  const { transact } = transactions
  const projections = createMemoryProjections({
    environment,
    door,
    transact,
    forget: inbox.forget,
    progressOf: inbox.positionsOf,
    parkedOf: inbox.parkedCountOf,
  })

  return {
    get db(): never {
      throw speaksNoSql(service)
    },
    sql: async () => Promise.reject(speaksNoSql(service)),
    transact: transactions.transact,
    async migrate(migrations) {
      if (migrations.length > 0) throw speaksNoSql(service)
      return []
    },
    outbox,
    inbox,
    idempotency,
    scheduled,
    bridges: createMemoryBridges(environment.clock),
    projections,
    sagas,
    streams: {
      append: (...given) => transact((tx) => tx.streams.append(...given)),
      read: async (stream, range = {}) => streams.page(stream, range, []),
      saveSnapshot: (...given) => transact((tx) => tx.streams.saveSnapshot(...given)),
      readAll: streams.readAll,
      hasRead: streams.hasRead,
      onCommit: streams.onCommit,
    },
    ping: async () => transactions.assertOpen(),
    close: async (withinMs = 5_000) => transactions.close(withinMs),
  }
}
