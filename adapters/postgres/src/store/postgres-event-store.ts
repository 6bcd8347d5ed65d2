/**
 * The event store in Postgres: appending, reading and snapshots, in a transaction or alone.
 *
 * An append that stands alone is one statement in a transaction of its own. When its answer is lost, it is sent again with
 * the same ids: should the first one have come through, the second finds its ids and says so; should it be under way still,
 * the second waits for it at the unique index. So nothing has to be guessed, and nothing is written twice.
 */
import { BanyanError } from 'banyan/core'
import type { Appended, EventStore, NewStreamEvent, TransactionStreams } from 'banyan/store'
import { type Delay, pause } from '../client/timing.ts'
import { hasRead, readAll } from './all-streams.ts'
import type { RunAlone } from './alone.ts'
import { append, type RunStatement } from './stream-append.ts'
import { readStream, saveSnapshot } from './stream-read.ts'

/** The event store, and what the store tells it. */
export interface PostgresEventStore extends EventStore {
  /** A transaction of this process that appended has committed. */
  committed(): void
  /** Makes restored streams this cluster's: their transactions' ids are another's. */
  adopt(): Promise<void>
}

/** Times, and how to wait. */
export interface EventStoreOptions {
  readonly after: Delay
  /** How long to look into an append whose answer was lost, in milliseconds. */
  readonly withinMs: number
}

const againAfterMs = 100

/** Streams inside a transaction; `appended` hears of its id. */
export function createTransactionStreams(
  run: RunStatement,
  appended: (xid: string | undefined) => void,
): TransactionStreams {
  return {
    async append(stream, events, { expected }) {
      const { xid, ...result } = await append(run, stream, events, expected, true)
      appended(xid)
      return result
    },
    read: (stream, range = {}) => readStream(run, stream, range),
    saveSnapshot: (stream, snapshot) => saveSnapshot(run, stream, snapshot),
  }
}

/** The event store of one service's database. */
export function createPostgresEventStore(run: RunAlone, options: EventStoreOptions): PostgresEventStore {
  const listeners = new Set<() => void>()
  const committed = (): void => {
    for (const listener of listeners) queueMicrotask(listener)
  }

  async function appendAlone(
    stream: string,
    events: readonly NewStreamEvent[],
    expected: Parameters<EventStore['append']>[2]['expected'],
  ): Promise<Appended> {
    const attempts = Math.max(1, Math.ceil(options.withinMs / againAfterMs))
    let doubtful = false
    for (let attempt = 1; ; attempt += 1)
      try {
        const { xid: _xid, ...result } = await append(run, stream, events, expected)
        return result
      } catch (error) {
        doubtful ||= isDoubtful(error)
        if (!doubtful || !isUnreachable(error)) throw error
        if (attempt === attempts) throw unknown(stream, error)
        await pause(options.after, againAfterMs)
      }
  }

  return {
    async append(stream, events, { expected }) {
      const result = await appendAlone(stream, events, expected)
      committed()
      return result
    },
    read: (stream, range = {}) => readStream(run, stream, range),
    saveSnapshot: (stream, snapshot) => saveSnapshot(run, stream, snapshot),
    readAll: (cursor, limit, given = {}) => readAll(run, cursor, limit, given),
    hasRead: (cursor, position) => hasRead(run, cursor, position),
    onCommit(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    committed,
    async adopt() {
      await run(`UPDATE banyan.stream_event SET xid = pg_current_xact_id()
        WHERE (SELECT cluster <> banyan.cluster() FROM banyan.meta)`)
    },
  }
}

/** The statement was on its way when the connection broke: it may have been carried out. */
function isDoubtful(error: unknown): boolean {
  return error instanceof BanyanError && error.reason === 'STATEMENT_UNKNOWN'
}

function isUnreachable(error: unknown): boolean {
  return error instanceof BanyanError && error.code === 'UNAVAILABLE'
}

function unknown(stream: string, cause: unknown): BanyanError {
  return new BanyanError('UNAVAILABLE', `it could not be found out whether the append to '${stream}' came through`, {
    reason: 'APPEND_UNKNOWN',
    outcome: 'unknown',
    hint: 'Append again with the same event ids: they tell whether it has.',
    cause,
  })
}
