/** The streams of one transaction in memory: what it appends is seen by itself at once and by everybody else when it commits. */
import { BanyanError } from '../../core/error.ts'
import type { Appended, ExpectedVersion, NewStreamEvent, StreamSnapshot, TransactionStreams } from '../event-store.ts'
import { readBack, type StreamRow, toBase, toCategory, toStreamRows, VersionConflict } from '../stream-rules.ts'
import type { KeptEvent, MemoryStreams } from './memory-event-store.ts'
import type { StreamHolder, StreamLocks } from './memory-stream-locks.ts'

/** A transaction's part in the streams. */
export interface StreamTransaction {
  readonly streams: TransactionStreams
  /** Throws when what was appended does not fit; nothing is written yet. */
  assertRoom(): void
  commit(): void
  /** Lets everybody else in, committed or not. */
  end(): void
}

export function openStreams(kept: MemoryStreams, locks: StreamLocks, readOnly: boolean): StreamTransaction {
  const holder: StreamHolder = { waitingFor: undefined }
  const own: KeptEvent[] = []
  const snapshots = new Map<string, StreamSnapshot>()
  let ended = false

  function assertWritable(): void {
    if (ended) throw refusal('append after the transaction has ended', 'TRANSACTION_ENDED', 'Await all work inside it.')
    if (readOnly) throw refusal('append in a read-only transaction', 'READ_ONLY', 'Leave readOnly out.')
  }

  async function append(
    stream: string,
    events: readonly NewStreamEvent[],
    { expected }: { readonly expected: ExpectedVersion },
  ): Promise<Appended> {
    assertWritable()
    toCategory(stream)
    const rows = toStreamRows(events)
    const base = toBase(expected)
    await locks.enter(holder, stream)
    assertWritable()
    const pending = own.filter((event) => event.stream === stream)
    const before = readBack(stream, rows, sameIds(stream, rows, pending))
    if (before !== undefined) return before
    const actual = kept.of(stream).length + pending.length
    if (base === undefined ? expected === 'exists' && actual === 0 : base !== actual)
      throw new VersionConflict(stream, expected, actual)
    for (const [place, row] of rows.entries()) {
      const version = actual + place + 1
      own.push({ ...row, stream, version, position: kept.nextPosition(), timeMs: kept.clock.now() })
    }
    return { version: actual + rows.length, position: own.at(-1)?.position ?? 0, repeated: false }
  }

  /** Events of the stream that have one of the ids. */
  function sameIds(stream: string, rows: readonly StreamRow[], pending: readonly KeptEvent[]): readonly KeptEvent[] {
    const ids = new Set(rows.map((row) => row.id))
    const committed = rows.some((row) => kept.has(stream, row.id)) ? kept.of(stream) : []
    return [...committed, ...pending].filter((event) => ids.has(event.id))
  }

  return {
    streams: {
      append,
      read: async (stream, range = {}) => kept.page(stream, range, own),
      async saveSnapshot(stream, snapshot) {
        assertWritable()
        toCategory(stream)
        snapshots.set(stream, JSON.parse(JSON.stringify(snapshot)))
      },
    },
    assertRoom: () => kept.assertRoom(own.length),
    commit: () => kept.commit(own, snapshots),
    end() {
      ended = true
      locks.leave(holder)
    },
  }
}

function refusal(what: string, reason: string, hint: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `cannot ${what}`, { reason, hint })
}
