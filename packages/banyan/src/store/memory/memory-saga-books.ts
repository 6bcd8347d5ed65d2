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
  type SagaRecord,
  type SagaStarted,
  sagaPriorities,
} from '../sagas.ts'
import { createMemorySagaLocks, type MemorySagaLocks } from './memory-saga-locks.ts'
import type { SagaRow } from './memory-saga-row.ts'

/** What came of telling a run something. */
export type Told = 'sent' | 'repeated' | 'ended' | 'unknown' | 'full'

/** All runs of one service. */
export class SagaBooks {
  readonly rows: Map<string, SagaRow> = new Map()
  readonly locks: MemorySagaLocks
  readonly #clock: Clock
  readonly #starts = new Map<string, SagaRow>()
  readonly #keys = new Map<string, SagaRow[]>()
  readonly #living = new Set<SagaRow>()
  #due = new Set<string>()
  #ended = new Set<string>()
  #later = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.locks = createMemorySagaLocks(
      this.rows,
      () => this.now(),
      (id, message) => void this.tell(id, message),
    )
  }

  now(): number {
    return this.#clock.now()
  }

  byKey(name: string, key: string): readonly SagaRow[] {
    return this.#keys.get(nameOfKey(name, key)) ?? []
  }

  /** Runs that have not ended. */
  live(): Iterable<SagaRow> {
    return this.#living
  }

  start(saga: NewSaga, holder: string | undefined): SagaStarted {
    const before = this.#starts.get(nameOfStart(saga))
    if (before !== undefined) return toStarted(before, false)
    const row = toRow(saga, this.now(), holder)
    this.#add(row)
    if (holder === undefined) this.makeDue(row, this.now())
    // Others look at when that lease ends.
    else this.#later = true
    return toStarted(row, true)
  }

  tell(id: string, message: NewSagaMessage): Told {
    const row = this.rows.get(id)
    if (row === undefined) return 'unknown'
    if (isSagaEnd(row.state)) return 'ended'
    if (row.seen.has(message.id)) return 'repeated'
    if (row.messages.length >= maxMailbox && !fitsAlways(message.kind)) return 'full'
    const now = this.now()
    row.mail += 1
    row.seen.add(message.id)
    row.messages.push({ ...message, n: row.mail, atMs: now })
    this.#due.add(id)
    if (row.holder === undefined && row.state !== 'parked') this.makeDue(row, Math.min(row.dueMs ?? now, now))
    return 'sent'
  }

  makeDue(row: SagaRow, dueMs: number): void {
    row.dueMs = dueMs
    this.#due.add(row.start.id)
  }

  /** Lets a run go under a new epoch; it is due at once. */
  letGo(row: SagaRow): void {
    row.epoch += 1
    row.holder = undefined
    this.makeDue(row, this.now())
  }

  end(row: SagaRow, to: 'completed' | 'undone' | 'continued', outcome: string, next: NewSaga | undefined): void {
    const successor = next === undefined ? undefined : this.rows.get(this.start(next, undefined).id)
    const now = this.now()
    Object.assign(row, { state: to, outcome, holder: undefined, dueMs: undefined, endedMs: now, changedMs: now })
    row.next = successor?.start.id
    this.#living.delete(row)
    this.locks.leave(row.start.id)
    if (successor !== undefined) this.#moveOn(row, successor)
    row.messages = []
    row.seen.clear()
    row.correlations.clear()
    const { parent, id } = row.start
    if (parent !== undefined && to !== 'continued') {
      const told = { id, kind: 'child', name: to, key: String(parent.seq), body: outcome }
      // One that had completed and was brought back to be undone has told already.
      if (this.tell(parent.id, told) === 'repeated') this.tell(parent.id, { ...told, id: `${id} ${to}` })
    }
    this.#ended.add(id)
  }

  /** One that has completed is to be undone after all. */
  reopen(row: SagaRow): void {
    Object.assign(row, { endedMs: undefined, outcome: undefined })
    this.#living.add(row)
  }

  remove(row: SagaRow): void {
    const { id, name, key } = row.start
    this.rows.delete(id)
    this.#starts.delete(nameOfStart(row.start))
    const left = this.byKey(name, key).filter((one) => one !== row)
    if (left.length === 0) this.#keys.delete(nameOfKey(name, key))
    else this.#keys.set(nameOfKey(name, key), left)
    this.#living.delete(row)
  }

  /** Something will be due, or may be taken over, earlier than was known. */
  hintLater(): void {
    this.#later = true
  }

  /** The runs that became due, and those that ended, since this was asked last. */
  hints(): { readonly due: readonly string[]; readonly ended: readonly string[]; readonly later: boolean } {
    const hints = { due: [...this.#due], ended: [...this.#ended], later: this.#later }
    this.#later = false
    this.#due = new Set()
    this.#ended = new Set()
    return hints
  }

  #add(row: SagaRow): void {
    const { id, name, key } = row.start
    this.rows.set(id, row)
    this.#starts.set(nameOfStart(row.start), row)
    this.#keys.set(nameOfKey(name, key), [...this.byKey(name, key), row])
    this.#living.add(row)
  }

  #moveOn(row: SagaRow, next: SagaRow): void {
    for (const { n, atMs, ...message } of row.messages) this.tell(next.start.id, message)
    for (const key of row.correlations) next.correlations.add(key)
  }
}

function nameOfKey(name: string, key: string): string {
  return JSON.stringify([name, key])
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

function toRow(saga: NewSaga, nowMs: number, holder: string | undefined): SagaRow {
  return {
    // Plain texts and numbers: nothing deeper is shared.
    start: { ...saga, correlations: [...saga.correlations], parent: saga.parent && { ...saga.parent } },
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
