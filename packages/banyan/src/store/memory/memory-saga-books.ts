/**
 * The runs in memory, and what may be done to one of them. Everything here is synchronous: a commit is a row of such calls with
 * nothing in between, so all of it is seen or nothing.
 */
import type { Clock } from '../../core/environment/environment.ts'
import { fitsAlways, isSagaEnd } from '../saga-rules.ts'
import {
  maxMailbox,
  type NewSaga,
  type NewSagaMessage,
  type SagaEntry,
  type SagaMessage,
  type SagaRecord,
  type SagaStarted,
  type SagaState,
  sagaPriorities,
} from '../sagas.ts'
import { createMemorySagaLocks, type MemorySagaLocks } from './memory-saga-locks.ts'

/** One run. */
export interface SagaRow {
  readonly start: NewSaga
  readonly startedMs: number
  readonly entries: SagaEntry[]
  /** Unread, in order. */
  messages: SagaMessage[]
  /** The ids of all messages that ever came. */
  readonly seen: Set<string>
  readonly correlations: Set<string>
  state: SagaState
  epoch: number
  holder: string | undefined
  mail: number
  dueMs: number | undefined
  note: string
  changedMs: number
  endedMs: number | undefined
  outcome: string | undefined
  next: string | undefined
}

/** What came of telling a run something. */
export type Told = 'sent' | 'repeated' | 'ended' | 'unknown' | 'full'

/** All runs of one service. */
export interface SagaBooks {
  readonly rows: ReadonlyMap<string, SagaRow>
  readonly locks: MemorySagaLocks
  now(): number
  byKey(name: string, key: string): readonly SagaRow[]
  /** Runs that have not ended. */
  live(): Iterable<SagaRow>
  start(saga: NewSaga, holder: string | undefined): SagaStarted
  tell(id: string, message: NewSagaMessage): Told
  /** Lets a run go under a new epoch; it is due at once. */
  letGo(row: SagaRow): void
  makeDue(row: SagaRow, dueMs: number): void
  end(row: SagaRow, to: 'completed' | 'undone' | 'continued', outcome: string, next: NewSaga | undefined): void
  /** One that has completed is to be undone after all. */
  reopen(row: SagaRow): void
  remove(row: SagaRow): void
  /** The runs that became due, and those that ended, since this was asked last. */
  hints(): { readonly due: readonly string[]; readonly ended: readonly string[]; readonly later: boolean }
  /** Something will be due, or may be taken over, earlier than was known. */
  hintLater(): void
}

/** Identity of what a start is idempotent by. */
export function nameOfStart(saga: { readonly name: string; readonly key: string; readonly run: number }): string {
  return JSON.stringify([saga.name, saga.key, saga.run])
}

export function toStarted(row: SagaRow, isNew: boolean): SagaStarted {
  return { id: row.start.id, isNew, input: row.start.input, state: row.state }
}

/** As the port gives it. */
export function toRecord(row: SagaRow): SagaRecord {
  const { timeoutMs, correlations, ...start } = row.start
  const { state, epoch, holder, mail, dueMs, note, startedMs, changedMs, endedMs, outcome, next } = row
  const deadlineMs = timeoutMs === undefined ? undefined : startedMs + timeoutMs
  const standing = { state, epoch, holder, length: row.entries.length, mail, dueMs, note }
  return { ...start, ...standing, startedMs, deadlineMs, changedMs, endedMs, outcome, next }
}

/** In the order in which runs of one name are taken. */
export function byUrgency(one: SagaRow, other: SagaRow): number {
  const priority = sagaPriorities[one.start.priority] - sagaPriorities[other.start.priority]
  return priority || (one.dueMs ?? 0) - (other.dueMs ?? 0)
}

export function createSagaBooks(clock: Clock): SagaBooks {
  const rows = new Map<string, SagaRow>()
  const starts = new Map<string, SagaRow>()
  const keys = new Map<string, SagaRow[]>()
  const living = new Set<SagaRow>()
  let due = new Set<string>()
  let ended = new Set<string>()
  let later = false
  const now = (): number => clock.now()
  const nameOfKey = (name: string, key: string): string => JSON.stringify([name, key])

  function add(row: SagaRow): void {
    const { id, name, key } = row.start
    rows.set(id, row)
    starts.set(nameOfStart(row.start), row)
    const same = keys.get(nameOfKey(name, key)) ?? []
    keys.set(nameOfKey(name, key), [...same, row])
    living.add(row)
  }
  function makeDue(row: SagaRow, dueMs: number): void {
    row.dueMs = dueMs
    due.add(row.start.id)
  }
  function tell(id: string, message: NewSagaMessage): Told {
    const row = rows.get(id)
    if (row === undefined) return 'unknown'
    if (isSagaEnd(row.state)) return 'ended'
    if (row.seen.has(message.id)) return 'repeated'
    if (row.messages.length >= maxMailbox && !fitsAlways(message.kind)) return 'full'
    row.mail += 1
    row.seen.add(message.id)
    row.messages.push({ ...message, n: row.mail, atMs: now() })
    due.add(id)
    if (row.holder === undefined && row.state !== 'parked') makeDue(row, Math.min(row.dueMs ?? now(), now()))
    return 'sent'
  }
  function moveOn(row: SagaRow, next: SagaRow): void {
    for (const { n, atMs, ...message } of row.messages) tell(next.start.id, message)
    for (const key of row.correlations) next.correlations.add(key)
  }
  function start(saga: NewSaga, holder: string | undefined): SagaStarted {
    const before = starts.get(nameOfStart(saga))
    if (before !== undefined) return toStarted(before, false)
    const row = toRow(saga, now(), holder)
    add(row)
    if (holder === undefined) makeDue(row, now())
    // Others look at when that lease ends.
    else later = true
    return toStarted(row, true)
  }
  const locks = createMemorySagaLocks(rows, now, (id, message) => void tell(id, message))

  return {
    rows,
    locks,
    now,
    byKey: (name, key) => keys.get(nameOfKey(name, key)) ?? [],
    live: () => living,
    start,
    tell,
    makeDue,
    letGo(row) {
      row.epoch += 1
      row.holder = undefined
      makeDue(row, now())
    },
    end(row, to, outcome, next) {
      const successor = next === undefined ? undefined : rows.get(start(next, undefined).id)
      Object.assign(row, { state: to, outcome, holder: undefined, dueMs: undefined, endedMs: now(), changedMs: now() })
      row.next = successor?.start.id
      living.delete(row)
      locks.leave(row.start.id)
      if (successor !== undefined) moveOn(row, successor)
      row.messages = []
      row.seen.clear()
      row.correlations.clear()
      const { parent, id } = row.start
      if (parent !== undefined && to !== 'continued')
        tell(parent.id, { id, kind: 'child', name: to, key: String(parent.seq), body: outcome })
      ended.add(id)
    },
    reopen(row) {
      Object.assign(row, { endedMs: undefined, outcome: undefined })
      living.add(row)
    },
    remove(row) {
      const { id, name, key } = row.start
      rows.delete(id)
      starts.delete(nameOfStart(row.start))
      const left = (keys.get(nameOfKey(name, key)) ?? []).filter((one) => one !== row)
      if (left.length === 0) keys.delete(nameOfKey(name, key))
      else keys.set(nameOfKey(name, key), left)
      living.delete(row)
    },
    hintLater() {
      later = true
    },
    hints() {
      const hints = { due: [...due], ended: [...ended], later }
      later = false
      due = new Set()
      ended = new Set()
      return hints
    },
  }
}

function toRow(saga: NewSaga, nowMs: number, holder: string | undefined): SagaRow {
  return {
    start: structuredClone(saga),
    startedMs: nowMs,
    entries: [],
    messages: [],
    seen: new Set(),
    correlations: new Set(saga.correlations),
    state: 'running',
    epoch: holder === undefined ? 0 : 1,
    holder,
    mail: 0,
    dueMs: undefined,
    note: '',
    changedMs: nowMs,
    endedMs: undefined,
    outcome: undefined,
    next: undefined,
  }
}
