/** What people see of the runs in memory, and what they do to them. */
import {
  assertEntryText,
  assertNewSaga,
  assertSagaEntries,
  isRunId,
  isSagaEnd,
  mayMend,
  sagaEnded,
  sagaExists,
  sagaNotFound,
} from '../saga-rules.ts'
import type { SagaCounts, SagaFilter, SagaSummary, Sagas } from '../sagas.ts'
import { type SagaBooks, toRecord } from './memory-saga-books.ts'
import type { SagaRow } from './memory-saga-row.ts'

type Views = Pick<Sagas, 'find' | 'findByKey' | 'entries' | 'messages' | 'list' | 'counts'>

export function createMemorySagaViews(books: SagaBooks): Views {
  return {
    async find(id) {
      const row = books.rows.get(id)
      return row === undefined ? undefined : toRecord(row)
    },
    async findByKey(name, key) {
      const [newest] = books.byKey(name, key).toSorted((one, other) => other.start.run - one.start.run)
      return newest === undefined ? undefined : toRecord(newest)
    },
    async entries(id, after, limit) {
      return structuredClone((books.rows.get(id)?.entries ?? []).slice(after, after + limit))
    },
    async messages(id, after) {
      return structuredClone((books.rows.get(id)?.messages ?? []).filter((message) => message.n > after))
    },
    async list(filter) {
      const found = [...books.rows.values()]
        .filter((row) => isMatch(row, filter, books.now()))
        .sort((one, other) => (one.start.id < other.start.id ? 1 : -1))
      const sagas = found.slice(0, filter.limit).map(toSummary)
      return { sagas, next: found.length > sagas.length ? sagas.at(-1)?.id : undefined }
    },
    async counts() {
      const now = books.now()
      const counts = new Map<string, SagaCounts>()
      let overdueMs = 0
      for (const row of books.live()) {
        const { name, version } = row.start
        const of = JSON.stringify([name, version, row.state])
        const before = counts.get(of) ?? { name, version, state: row.state, held: 0, waiting: 0, due: 0 }
        counts.set(of, add(before, row, now))
        overdueMs = Math.max(overdueMs, now - (row.dueMs ?? now))
      }
      const locks = books.locks.all()
      const waiting = new Set(locks.flatMap((lock) => lock.waiting.map(({ id }) => id)))
      const inOrder = [...counts.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, count]) => count)
      return { counts: inOrder, overdueMs, locks: locks.length, lockWaits: waiting.size }
    },
  }
}

function add(before: SagaCounts, row: SagaRow, now: number): SagaCounts {
  if (row.holder !== undefined) return { ...before, held: before.held + 1 }
  if (row.dueMs !== undefined && row.dueMs <= now) return { ...before, due: before.due + 1 }
  return { ...before, waiting: before.waiting + 1 }
}

function isMatch(row: SagaRow, filter: SagaFilter, now: number): boolean {
  const { name, key, states, stuckMs, before } = filter
  if (name !== undefined && row.start.name !== name) return false
  if (key !== undefined && row.start.key !== key) return false
  if (states !== undefined && !states.includes(row.state)) return false
  if (before !== undefined && (!isRunId(before) || row.start.id >= before)) return false
  return stuckMs === undefined || stuckSinceMs(row) <= now - stuckMs
}

/** Since when it should have gone on. */
function stuckSinceMs(row: SagaRow): number {
  const never = Number.POSITIVE_INFINITY
  if (isSagaEnd(row.state)) return never
  if (row.holder === undefined) return row.dueMs ?? never
  return Math.max(row.changedMs, row.entries.at(-1)?.atMs ?? 0)
}

function toSummary(row: SagaRow): SagaSummary {
  const { input, outcome, ...summary } = toRecord(row)
  return summary
}

/** What people do. */
export function createMemorySagaMending(books: SagaBooks): Pick<Sagas, 'mend' | 'insert' | 'trim'> {
  return {
    async mend(id, length, entries, to, said) {
      for (const [place, entry] of entries.entries()) assertEntryText(entry, place)
      const row = books.rows.get(id)
      if (row === undefined) throw sagaNotFound(id)
      if (!mayMend(row.state, to)) throw sagaEnded(id, row.state)
      if (row.entries.length !== length) return undefined
      if (isSagaEnd(row.state)) books.reopen(row)
      books.letGo(row)
      for (const entry of entries) row.entries.push({ ...structuredClone(entry), n: row.entries.length + 1 })
      row.changedMs = books.now()
      row.note = isSagaEnd(to) ? '' : (said ?? '')
      if (isSagaEnd(to)) books.end(row, to, said ?? '{}', undefined)
      else row.state = to
      if (to === 'parked') row.dueMs = undefined
      return toRecord(row)
    },
    async insert(saga, entries, state) {
      assertNewSaga(saga)
      assertSagaEntries(entries)
      if (books.rows.has(saga.id) || books.byKey(saga.name, saga.key).some((row) => row.start.run === saga.run))
        throw sagaExists(saga)
      books.start(saga, undefined)
      const row = books.rows.get(saga.id) as SagaRow
      row.entries.push(...structuredClone(entries))
      if (state === 'parked') Object.assign(row, { state, dueMs: undefined })
      return toRecord(row)
    },
    async trim(keepMs, limit) {
      const old = [...books.rows.values()]
        .filter(({ endedMs }) => endedMs !== undefined && endedMs < books.now() - keepMs)
        .sort((one, other) => (one.endedMs ?? 0) - (other.endedMs ?? 0))
        .slice(0, limit)
      for (const row of old) books.remove(row)
      return old.length
    },
  }
}
