/**
 * The transactions in memory. Work runs concurrently; a commit is one synchronous step over outbox, inbox and idempotency
 * keys, all of it or nothing: whatever can refuse is asked first, and after that nothing can fail.
 */
import type { Environment } from '../../core/environment/environment.ts'
import { BanyanError } from '../../core/error.ts'
import type { NewEvent } from '../outbox.ts'
import type { Store, StoreTransaction, TransactOptions } from '../store.ts'
import { toAborted, untilAborted } from './abort.ts'
import type { MemoryIdempotency } from './memory-idempotency.ts'
import type { MemoryInbox } from './memory-inbox.ts'
import type { MemoryOutbox } from './memory-outbox.ts'
import { openTransaction } from './open-transaction.ts'

/** What transactions write to. */
export interface MemoryTransactionsOptions {
  readonly environment: Environment
  readonly service: string
  readonly outbox: MemoryOutbox
  readonly inbox: MemoryInbox
  readonly idempotency: MemoryIdempotency
}

export interface MemoryTransactions extends Pick<Store, 'transact'> {
  /** Throws UNAVAILABLE once it is closed. */
  assertOpen(): void
  /** Begins no more, and resolves when what runs has ended, or after `withinMs`. */
  close(withinMs: number): Promise<void>
}

type Work<Result> = (tx: StoreTransaction) => Promise<Result>

export function createMemoryTransactions(options: MemoryTransactionsOptions): MemoryTransactions {
  const { inbox } = options
  const running = new Set<Promise<unknown>>()
  let closed = false

  function assertOpen(): void {
    if (!closed) return
    throw new BanyanError('UNAVAILABLE', `the store of '${options.service}' is closed`, { retryable: true })
  }

  async function transact<Result>(work: Work<Result>, given: TransactOptions = {}): Promise<Result> {
    assertOpen()
    if (given.signal?.aborted) throw toAborted(given.signal)
    const leave = given.delivery === undefined ? undefined : await inbox.enter(given.delivery)
    const run = underKey(options, work, given).finally(leave)
    running.add(run)
    try {
      return await run
    } finally {
      running.delete(run)
    }
  }

  return {
    assertOpen,
    transact,
    async close(withinMs) {
      closed = true
      if (running.size === 0) return
      const late = Promise.withResolvers<void>()
      const timer = options.environment.timers.after(withinMs, late.resolve)
      await Promise.race([Promise.allSettled(running), late.promise])
      timer.cancel()
    },
  }
}

/** Gives the stored result of the key, or does the work and holds the key meanwhile. */
async function underKey<Result>(
  options: MemoryTransactionsOptions,
  work: Work<Result>,
  given: TransactOptions,
): Promise<Result> {
  const { idempotency } = options
  const claim = given.idempotency
  if (claim === undefined) return attempt(options, work, given)
  const before = idempotency.take(claim)
  if (before !== undefined) return before.stored as Result
  try {
    return await attempt(options, work, given)
  } finally {
    idempotency.letGo(claim)
  }
}

async function attempt<Result>(
  { service, outbox, inbox, idempotency }: MemoryTransactionsOptions,
  work: Work<Result>,
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
