/**
 * A store in memory: transactions, outbox, inbox and idempotency keys with the meaning they have in Postgres, and nothing on
 * a disk. It runs services under virtual time and in tests without a database.
 *
 * It keeps no rows for business code and speaks no SQL: a service that is to run here keeps its state in values of its own
 * and changes them last in its transaction, for only what goes through the port is taken back when a transaction fails.
 * Work runs concurrently; a commit is one synchronous step, all of it or nothing.
 */
import type { Environment } from '../../core/environment/environment.ts'
import { BanyanError, isBanyanError } from '../../core/error.ts'
import type { NewEvent } from '../outbox.ts'
import type { Store, StoreTransaction, TransactOptions } from '../store.ts'
import { createMemoryIdempotency } from './memory-idempotency.ts'
import { createMemoryInbox } from './memory-inbox.ts'
import { createMemoryOutbox } from './memory-outbox.ts'

/** Events that one transaction may publish. */
const maxEventsPerTransaction = 1_000

/** What a store in memory is made of. */
export interface MemoryStoreOptions {
  readonly environment: Environment
  /** The service whose store this is; for messages. */
  readonly service: string
  /** Events that wait for a relay, at most; a commit beyond them is refused with RESOURCE_EXHAUSTED. Default 100 000. */
  readonly maxOutboxEvents?: number
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
 * await store.transact(async (tx) => tx.publish(event))
 */
export function createMemoryStore(options: MemoryStoreOptions): Store {
  const { environment, service } = options
  const outbox = createMemoryOutbox(environment.random.uuidv7(), options.maxOutboxEvents ?? 100_000)
  const inbox = createMemoryInbox(environment.clock)
  const idempotency = createMemoryIdempotency(environment.clock, options.maxIdempotencyKeys ?? 100_000)
  const running = new Set<Promise<unknown>>()
  let closed = false

  function assertOpen(): void {
    if (closed) throw new BanyanError('UNAVAILABLE', `the store of '${service}' is closed`, { retryable: true })
  }

  async function attempt<Result>(
    work: (tx: StoreTransaction) => Promise<Result>,
    given: TransactOptions,
  ): Promise<Result> {
    const events: NewEvent[] = []
    const tx = openTransaction(service, events, given.readOnly === true)
    try {
      if (given.delivery !== undefined) inbox.check(given.delivery)
      const result = await untilAborted(work(tx.open), given.signal)
      const text = given.idempotency === undefined ? undefined : JSON.stringify(result)
      outbox.assertRoom(events.length)
      if (given.delivery !== undefined) inbox.check(given.delivery)
      // From here on nothing can fail: this is the commit.
      if (given.delivery !== undefined) inbox.write(given.delivery)
      if (given.idempotency !== undefined) idempotency.commit(given.idempotency, text)
      outbox.append(events)
      return result
    } finally {
      tx.end()
    }
  }

  async function underKey<Result>(
    work: (tx: StoreTransaction) => Promise<Result>,
    given: TransactOptions,
  ): Promise<Result> {
    const claim = given.idempotency
    if (claim === undefined) return attempt(work, given)
    const before = idempotency.take(claim)
    if (before !== undefined) return before.stored as Result
    try {
      return await attempt(work, given)
    } finally {
      idempotency.letGo(claim)
    }
  }

  async function transact<Result>(
    work: (tx: StoreTransaction) => Promise<Result>,
    given: TransactOptions = {},
  ): Promise<Result> {
    assertOpen()
    if (given.signal?.aborted) throw toAborted(given.signal)
    const leave = given.delivery === undefined ? undefined : await inbox.enter(given.delivery)
    const run = underKey(work, given).finally(leave)
    running.add(run)
    try {
      return await run
    } finally {
      running.delete(run)
    }
  }

  return {
    get db(): never {
      throw speaksNoSql(service)
    },
    sql: async () => Promise.reject(speaksNoSql(service)),
    transact,
    async migrate(migrations) {
      if (migrations.length > 0) throw speaksNoSql(service)
      return []
    },
    outbox,
    inbox,
    idempotency,
    async ping() {
      assertOpen()
    },
    async close(withinMs = 5_000) {
      closed = true
      if (running.size === 0) return
      const late = Promise.withResolvers<void>()
      const timer = environment.timers.after(withinMs, late.resolve)
      await Promise.race([Promise.allSettled(running), late.promise])
      timer.cancel()
    },
  }
}

function openTransaction(
  service: string,
  events: NewEvent[],
  readOnly: boolean,
): { readonly open: StoreTransaction; end(): void } {
  let ended = false
  const open: StoreTransaction = {
    get db(): never {
      throw speaksNoSql(service)
    },
    sql: async () => Promise.reject(speaksNoSql(service)),
    publish(event) {
      if (ended)
        throw refusal('publish after the transaction has ended', 'TRANSACTION_ENDED', 'Await all work inside it.')
      if (readOnly) throw refusal('publish in a read-only transaction', 'READ_ONLY', 'Leave readOnly out.')
      if (events.length >= maxEventsPerTransaction) throw tooManyEvents()
      events.push(event)
    },
  }
  return {
    open,
    end: () => {
      ended = true
    },
  }
}

/** The work's result, unless the signal is aborted before it is there. */
async function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return work
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(toAborted(signal))
  signal.addEventListener('abort', abort, { once: true })
  try {
    const result = await Promise.race([work, promise])
    if (signal.aborted) throw toAborted(signal)
    return result
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function toAborted(signal: AbortSignal): BanyanError {
  if (isBanyanError(signal.reason)) return signal.reason
  return new BanyanError('CANCELLED', 'the transaction was aborted; nothing was committed', {
    outcome: 'none',
    cause: signal.reason,
  })
}

function speaksNoSql(service: string): BanyanError {
  const message = `this store speaks no SQL: '${service}' runs on the memory store, which has transactions, outbox, inbox and idempotency keys but no tables`
  return new BanyanError('UNIMPLEMENTED', message, {
    reason: 'NO_SQL',
    hint: 'Run the service on Postgres (embedded by default), or keep its state in values of its own.',
  })
}

function refusal(what: string, reason: string, hint: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `cannot ${what}`, { reason, hint })
}

function tooManyEvents(): BanyanError {
  const message = `one transaction publishes at most ${maxEventsPerTransaction} events (maxEventsPerTransaction)`
  return new BanyanError('RESOURCE_EXHAUSTED', message, {
    reason: 'TOO_MANY_EVENTS',
    hint: 'Publish in several transactions.',
  })
}
