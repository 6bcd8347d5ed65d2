/** One write of whoever holds a run, in memory: what it may do, whether it was done before, and doing it. */
import { isSagaEnd, keepsEntries, otherEntry } from '../saga-rules.ts'
import type { SagaChange, SagaWrite, SagaWriteOutcome } from '../sagas.ts'
import type { SagaBooks } from './memory-saga-books.ts'
import type { SagaRow } from './memory-saga-row.ts'

/** What a write would come to as the run stands; `repeated` when it was written before. */
export type Verdict = SagaWriteOutcome | 'repeated'

/** Looks at a write without writing. */
export function judgeWrite(books: SagaBooks, write: SagaWrite): Verdict {
  const row = books.rows.get(write.id)
  if (row === undefined || row.epoch !== write.epoch) return 'fenced'
  const { change } = write
  if (row.holder === undefined) return isLeftBy(row, write) ? 'repeated' : 'fenced'
  if (row.holder !== write.holder) return 'fenced'
  assertSame(row, write)
  if (change === undefined || !('mail' in change) || change.mail === undefined || row.mail <= change.mail)
    return 'written'
  return !keepsEntries(change) && has(row, write) ? 'repeated' : 'mail'
}

/** Does what the verdict allows; cannot fail. */
export function applyWrite(books: SagaBooks, write: SagaWrite, verdict: Verdict): SagaWriteOutcome {
  if (verdict === 'repeated') return 'written'
  const { change } = write
  const row = books.rows.get(write.id)
  if (
    row === undefined ||
    verdict === 'fenced' ||
    (verdict === 'mail' && change !== undefined && !keepsEntries(change))
  )
    return verdict
  for (const entry of write.entries) if (entry.n > row.entries.length) row.entries.push({ ...entry })
  const consumed = new Set(write.consumed)
  // Nobody repeats a grant, and the same lock may be granted again.
  for (const message of row.messages)
    if (consumed.has(message.n) && message.kind === 'lock') row.seen.delete(message.id)
  if (consumed.size > 0) row.messages = row.messages.filter((message) => !consumed.has(message.n))
  for (const key of write.correlations ?? []) row.correlations.add(key)
  for (const saga of write.starts ?? []) books.start(saga, undefined)
  if (change !== undefined && verdict === 'written') applyChange(books, row, change)
  return verdict
}

function applyChange(books: SagaBooks, row: SagaRow, change: SagaChange): void {
  const { to } = change
  if (isSagaEnd(to)) {
    const { outcome, next } = change as { readonly outcome: string; readonly next?: Parameters<SagaBooks['start']>[0] }
    return books.end(row, to, outcome, next)
  }
  row.changedMs = books.now()
  if (to === 'wait') return letGo(books, row, change as Extract<SagaChange, { to: 'wait' }>)
  row.state = to
  row.note = to === 'parked' ? (change as { readonly note: string }).note : ''
  if (to === 'parked') row.holder = undefined
}

function letGo(books: SagaBooks, row: SagaRow, change: Extract<SagaChange, { to: 'wait' }>): void {
  row.holder = undefined
  row.note = change.note
  row.dueMs = undefined
  // In a transaction, mail may have come between its question and its commit.
  if (row.mail > change.mail) return books.makeDue(row, books.now())
  row.dueMs = change.dueMs
  if (change.dueMs === undefined) return
  if (change.dueMs <= books.now()) books.makeDue(row, change.dueMs)
  else books.hintLater()
}

/** Throws when the journal has other entries in the places of these. */
function assertSame(row: SagaRow, { id, entries }: SagaWrite): void {
  for (const { n, seq, kind, body } of entries) {
    const before = row.entries[n - 1]
    if (before === undefined) continue
    if (before.seq !== seq || before.kind !== kind || before.body !== body) throw otherEntry(id, n)
  }
}

/** True when the journal has the entries of this write already. */
function has(row: SagaRow, { entries }: SagaWrite): boolean {
  const last = entries.at(-1)?.n
  return last !== undefined && last <= row.entries.length
}

/** True when the run, held by nobody under the same epoch, stands as this write left it. */
function isLeftBy(row: SagaRow, { entries, change }: SagaWrite): boolean {
  const last = entries.at(-1)?.n
  if (change === undefined || (last !== undefined && last !== row.entries.length)) return false
  if (isSagaEnd(change.to)) return row.state === change.to && row.outcome === (change as { outcome: string }).outcome
  if (change.to === 'wait') return row.state === 'running' || row.state === 'undoing'
  return change.to === 'parked' && row.state === 'parked'
}
