/**
 * The transactions in memory. Work runs concurrently; a commit is one synchronous step over outbox, inbox and idempotency
 * keys, all of it or nothing: whatever can refuse is asked first, and after that nothing can fail.
 */
import type { Environment } from '../../core/environment/environment.ts'
import { BanyanError } from '../../core/error.ts'
import type { DeliveryMark } from '../inbox.ts'
import type { Store, StoreTransaction, TransactOptions } from '../store.ts'
import { toAborted, untilAborted } from './abort.ts'
import type { GroupDoor } from './group-door.ts'
import type { MemoryStreams } from './memory-event-store.ts'
import type { MemoryIdempotency } from './memory-idempotency.ts'
import type { MemoryInbox } from './memory-inbox.ts'
import type { MemoryOutbox } from './memory-outbox.ts'
import type { MemorySagas } from './memory-sagas.ts'
import type { MemoryScheduled } from './memory-scheduled.ts'
import type { StreamLocks } from './memory-stream-locks.ts'
import { openStreams } from './memory-stream-transaction.ts'
import { type Gathered, openTransaction } from './open-transaction.ts'

/** What transactions write to. */
export interface MemoryTransactionsOptions {
  readonly environment: Environment
  readonly service: string
  readonly outbox: MemoryOutbox
  readonly inbox: MemoryInbox
  readonly idempotency: MemoryIdempotency
  readonly scheduled: MemoryScheduled
  readonly streams: MemoryStreams
  readonly sagas: MemorySagas
  readonly locks: StreamLocks
  readonly door: GroupDoor
}

export interface MemoryTransactions extends Pick<Store, 'transact'> {
  /** Throws UNAVAILABLE once it is closed. */
  assertOpen(): void
  /** Begins no more, and resolves when what runs has ended, or after `withinMs`. */
  close(withinMs: number): Promise<void>
}

/** One mark, many, or none. */
function toMarks(delivery: TransactOptions['delivery']): readonly DeliveryMark[] {
  if (delivery === undefined) return []
  return 'eventId' in delivery ? [delivery] : delivery
}

/** In one order, so that two transactions with the same events do not wait for each other. */
async function enterAll(inbox: MemoryInbox, door: GroupDoor, marks: readonly DeliveryMark[]): Promise<() => void> {
  const [first] = marks
  const leave: (() => void)[] = first === undefined ? [] : [await door.enter(first.group)]
  for (const mark of marks.toSorted((one, other) => (one.eventId < other.eventId ? -1 : 1)))
    leave.push(await inbox.enter(mark))
  return () => {
    for (const one of leave) one()
  }
}

/** The way in of what a transaction applies, and out again. */
function enterFor(
  { inbox, door }: MemoryTransactionsOptions,
  { delivery, passage }: TransactOptions,
): Promise<() => void> | undefined {
  if (passage !== undefined) return door.enter(passage.group)
  return delivery === undefined ? undefined : enterAll(inbox, door, toMarks(delivery))
}

type Work<Result> = (tx: StoreTransaction) => Promise<Result>

export function createMemoryTransactions(options: MemoryTransactionsOptions): MemoryTransactions {
  const running = new Set<Promise<unknown>>()
  let closed = false

  function assertOpen(): void {
    if (!closed) return
    throw new BanyanError('UNAVAILABLE', `the store of '${options.service}' is closed`, { retryable: true })
  }

  async function transact<Result>(work: Work<Result>, given: TransactOptions = {}): Promise<Result> {
    assertOpen()
    if (given.signal?.aborted) throw toAborted(given.signal)
    const entering = enterFor(options, given)
    const leave = entering === undefined ? undefined : await entering
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
  { service, outbox, inbox, idempotency, scheduled, streams, sagas, locks }: MemoryTransactionsOptions,
  work: Work<Result>,
  given: TransactOptions,
): Promise<Result> {
  const gathered: Gathered = { events: [], scheduled: [], unscheduled: [] }
  const marks = toMarks(given.delivery)
  const own = openStreams(streams, locks, given.readOnly === true)
  const runs = sagas.open(given.readOnly === true)
  const tx = openTransaction(service, gathered, given.readOnly === true, own.streams, runs.sagas, scheduled.hold)
  const { passage } = given
  const check = (): void => {
    for (const mark of marks) inbox.check(mark)
    if (passage !== undefined) inbox.checkPassage(passage)
    runs.check()
  }
  try {
    check()
    const result = await untilAborted(work(tx.open), given.signal)
    const text = given.idempotency === undefined ? undefined : JSON.stringify(result)
    outbox.assertRoom(gathered.events.length)
    own.assertRoom()
    check()
    // From here on nothing can fail: this is the commit.
    for (const mark of marks) inbox.write(mark)
    if (passage !== undefined) inbox.writePassage(passage)
    if (given.idempotency !== undefined) idempotency.commit(given.idempotency, text)
    own.commit()
    runs.commit()
    outbox.append(gathered.events)
    scheduled.settle(gathered.unscheduled.splice(0), true)
    scheduled.add(gathered.scheduled)
    sagas.committed()
    return result
  } finally {
    tx.end()
    own.end()
    runs.end()
    scheduled.settle(gathered.unscheduled, false)
  }
}
