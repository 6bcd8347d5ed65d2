/**
 * The runs of sagas in memory, with the meaning they have in Postgres: each call is one synchronous commit. It keeps all of
 * them, ended ones too until they are trimmed, and looks through those that have not ended to find what is due: made for tests
 * and simulations, not for millions.
 */
import type { Clock } from '../../core/environment/environment.ts'
import { assertNewSaga, assertSagaMessage, assertSagaWrites, isSagaEnd } from '../saga-rules.ts'
import type { NewSaga, Sagas, SagaWrite } from '../sagas.ts'
import { nameOfStart, SagaBooks } from './memory-saga-books.ts'
import { createMemorySagaLeases } from './memory-saga-leases.ts'
import { nameOfLock } from './memory-saga-locks.ts'
import { openSagas, type SagaTransaction, toFenced } from './memory-saga-transaction.ts'
import { createMemorySagaMending, createMemorySagaViews } from './memory-saga-views.ts'
import { applyWrite, judgeWrite } from './memory-saga-write.ts'
import { createStreamLocks, type StreamHolder, type StreamLocks } from './memory-stream-locks.ts'

/** The port, and what transactions do with it. */
export interface MemorySagas extends Sagas {
  open(readOnly: boolean): SagaTransaction
  /** Tells the listeners of what has been committed. */
  committed(): void
}

type Listener = (ids: readonly string[]) => void

export function createMemorySagas(clock: Clock): MemorySagas {
  const books = new SagaBooks(clock)
  const doors = createStreamLocks()
  const dueListeners = new Set<Listener>()
  const endListeners = new Set<Listener>()

  function committed(): void {
    const { due, ended, later } = books.hints()
    if (due.length > 0 || later) for (const listener of dueListeners) queueMicrotask(() => listener(due))
    if (ended.length > 0) for (const listener of endListeners) queueMicrotask(() => listener(ended))
  }
  /** One commit, when no transaction keeps still what it would change. */
  async function commit<Result>(names: readonly string[], work: () => Result): Promise<Result> {
    const leave = await enterAll(doors, names)
    try {
      return work()
    } finally {
      leave()
      committed()
    }
  }
  const listen = (listeners: Set<Listener>) => (listener: Listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const leases = createMemorySagaLeases(books)
  const mending = createMemorySagaMending(books)
  const told = async <Result>(doing: Promise<Result>): Promise<Result> => doing.finally(committed)

  return {
    isLocal: true,
    ...createMemorySagaViews(books),
    ...mending,
    ...leases,
    async start(sagas, holder) {
      for (const saga of sagas) assertNewSaga(saga)
      return commit(doorsOfStarts(sagas), () => sagas.map((saga) => books.start(saga, holder)))
    },
    async write(writes) {
      assertSagaWrites(writes)
      return commit(doorsOfWrites(books, writes), () =>
        writes
          .map((write) => ({ write, verdict: judgeWrite(books, write) }))
          .map(({ write, verdict }) => applyWrite(books, write, verdict)),
      )
    },
    async send(to, message) {
      assertSagaMessage(message)
      return commit([], () => books.tell(to, message))
    },
    ...createLocks(books, commit),
    beat: (...given) => told(leases.beat(...given)),
    release: (holder) => told(leases.release(holder)),
    mend: (...given) =>
      commit(given[3] === 'undone' || given[3] === 'completed' ? lockDoors(books, given[0]) : [], () => undefined).then(
        () => told(mending.mend(...given)),
      ),
    insert: (...given) => told(mending.insert(...given)),
    now: async () => books.now(),
    onDue: listen(dueListeners),
    onEnd: listen(endListeners),
    open: (readOnly) => openSagas(books, doors, readOnly),
    committed,
  }
}

type Commit = <Result>(names: readonly string[], work: () => Result) => Promise<Result>

function createLocks(books: SagaBooks, commit: Commit): Pick<Sagas, 'lock' | 'unlock' | 'locks'> {
  return {
    async lock(owner, kind, key, ifHeld) {
      return commit([`lock ${nameOfLock(kind, key)}`], () => {
        const row = books.rows.get(owner.id)
        if (row?.holder === undefined || row.epoch !== owner.epoch) throw toFenced(owner)
        return books.locks.ask(owner.id, kind, key, ifHeld)
      })
    },
    unlock: (owner, kind, key) =>
      commit([`lock ${nameOfLock(kind, key)}`], () => books.locks.unlock(owner.id, kind, key)),
    locks: async (limit) => books.locks.all().slice(0, limit),
  }
}

const lockDoors = (books: SagaBooks, id: string): readonly string[] =>
  books.locks.ownedBy(id).map((name) => `lock ${name}`)

const doorsOfStarts = (sagas: readonly NewSaga[]): readonly string[] =>
  sagas.map((saga) => `start ${nameOfStart(saga)}`)

/** A start waits for the transaction that is starting the same; an end waits for the one that has looked at its locks. */
function doorsOfWrites(books: SagaBooks, writes: readonly SagaWrite[]): readonly string[] {
  return writes.flatMap(({ id, starts = [], change }) => {
    const next = change !== undefined && 'next' in change && change.next !== undefined ? [change.next] : []
    const ends = change !== undefined && isSagaEnd(change.to)
    return [...doorsOfStarts([...starts, ...next]), ...(ends ? lockDoors(books, id) : [])]
  })
}

/** In one order; at once when all are open. */
async function enterAll(doors: StreamLocks, names: readonly string[]): Promise<() => void> {
  if (names.length === 0) return () => {}
  const holder: StreamHolder = { waitingFor: undefined }
  try {
    for (const name of [...new Set(names)].sort()) await doors.enter(holder, name)
  } catch (error) {
    doors.leave(holder)
    throw error
  }
  return () => doors.leave(holder)
}
