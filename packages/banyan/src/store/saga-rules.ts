/** What every implementation of the Sagas port refuses, and how it says so. */
import { BanyanError } from '../core/error.ts'
import type { SagaChange, SagaWrite } from './sagas.ts'
import {
  maxCorrelations,
  maxMailbox,
  type NewSaga,
  type NewSagaMessage,
  type SagaEntry,
  type SagaState,
} from './sagas.ts'

/** Characters of a run's name, key and correlation keys, of a message's id, name and key. */
export const maxSagaText = 500
const maxKind = 32
const maxEntryName = 200

/** True for the states in which a run has ended. */
export function isSagaEnd(state: SagaState | 'wait'): state is 'completed' | 'undone' | 'continued' {
  return state === 'completed' || state === 'undone' || state === 'continued'
}

/** What mail that has come leaves out of a write: the change alone, not the entries. */
export function keepsEntries({ to }: SagaChange): boolean {
  return to === 'wait' || isSagaEnd(to)
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** False for what cannot be the id of a run: there is none by it. */
export function isRunId(id: string): boolean {
  return uuid.test(id)
}

/** What a person may still do to a run that has ended: nothing, but that one that has completed may be brought back to be undone. */
export function mayMend(state: SagaState, to: SagaState): boolean {
  return !isSagaEnd(state) || (state === 'completed' && to === 'undoing')
}

/** Messages that fit into a full mailbox: there are few of them, and each is waited for. */
export function fitsAlways(kind: string): boolean {
  return kind === 'cancel' || kind === 'person' || kind === 'child' || kind === 'lock'
}

/** Throws INVALID_ARGUMENT `BAD_SAGA`. */
export function assertNewSaga(saga: NewSaga): void {
  assertText('name', saga.name)
  assertText('key', saga.key)
  assertCorrelations(saga.correlations)
  if (!Number.isInteger(saga.run) || saga.run < 1) throw bad('run', 'a whole number from 1 on', saga.run)
  if (!Number.isInteger(saga.version)) throw bad('version', 'a whole number', saga.version)
  const { timeoutMs } = saga
  if (timeoutMs !== undefined && !(timeoutMs >= 0 && timeoutMs <= maxTimeoutMs))
    throw bad('timeoutMs', `a number of milliseconds from 0 to ${maxTimeoutMs}`, timeoutMs)
}

/** A hundred years. */
const maxTimeoutMs = 3_155_760_000_000

/** Throws INVALID_ARGUMENT `BAD_SAGA`. */
export function assertSagaWrites(writes: readonly SagaWrite[]): void {
  const ids = new Set<string>()
  for (const [place, write] of writes.entries()) {
    assertSagaWrite(write)
    if (ids.has(write.id)) throw bad(`writes[${place}].id`, 'of another run than those before it', write.id)
    ids.add(write.id)
  }
}

/** Throws INVALID_ARGUMENT `BAD_SAGA`. */
export function assertSagaWrite(write: SagaWrite): void {
  assertSagaEntries(write.entries)
  assertCorrelations(write.correlations ?? [])
  for (const saga of write.starts ?? []) assertNewSaga(saga)
  const { change } = write
  if (change === undefined || !('next' in change) || change.next === undefined) return
  if (change.to !== 'continued') throw bad('change.next', `left out unless it is 'continued'`, change.to)
  assertNewSaga(change.next)
}

/** Throws INVALID_ARGUMENT `BAD_SAGA` unless the places follow upon each other. */
export function assertSagaEntries(entries: readonly SagaEntry[]): void {
  const first = entries[0]?.n ?? 1
  if (!Number.isInteger(first) || first < 1) throw bad('entries[0].n', 'a whole number from 1 on', first)
  for (const [place, entry] of entries.entries()) {
    if (entry.n !== first + place) throw bad(`entries[${place}].n`, `${first + place}, next to the one before`, entry.n)
    assertEntryText(entry, place)
  }
}

/** Throws INVALID_ARGUMENT `BAD_SAGA`. */
export function assertEntryText(entry: Omit<SagaEntry, 'n'>, place: number): void {
  assertText(`entries[${place}].kind`, entry.kind, maxKind)
  if (entry.name.length > maxEntryName)
    throw bad(`entries[${place}].name`, `at most ${maxEntryName} characters`, entry.name)
  if (!Number.isInteger(entry.atMs)) throw bad(`entries[${place}].atMs`, 'whole milliseconds since 1970', entry.atMs)
}

/** Throws INVALID_ARGUMENT `BAD_SAGA`. */
export function assertSagaMessage(message: NewSagaMessage): void {
  assertText('id', message.id)
  assertText('kind', message.kind, maxKind)
  for (const [field, text] of [
    ['name', message.name],
    ['key', message.key],
  ] as const)
    if (text.length > maxSagaText) throw bad(field, `at most ${maxSagaText} characters`, text)
}

function assertCorrelations(keys: readonly string[]): void {
  if (keys.length > maxCorrelations) throw tooManyCorrelations()
  for (const [place, key] of keys.entries()) assertText(`correlations[${place}]`, key)
}

function assertText(field: string, text: string, most = maxSagaText): void {
  if (text.length < 1 || text.length > most) throw bad(field, `1 to ${most} characters`, text)
}

function bad(field: string, rule: string, found: unknown): BanyanError {
  const shown = typeof found === 'string' ? `${found.length} characters: '${found.slice(0, 40)}'` : String(found)
  return new BanyanError('INVALID_ARGUMENT', `${field} must be ${rule}; it is ${shown}`, {
    reason: 'BAD_SAGA',
    outcome: 'none',
  })
}

/** INVALID_ARGUMENT `TOO_MANY_CORRELATIONS`. */
export function tooManyCorrelations(): BanyanError {
  return new BanyanError(
    'INVALID_ARGUMENT',
    `a run has at most ${maxCorrelations} correlation keys (maxCorrelations)`,
    {
      reason: 'TOO_MANY_CORRELATIONS',
      outcome: 'none',
      hint: 'Wait for events by fewer keys, or let a child wait for some of them.',
    },
  )
}

/** RESOURCE_EXHAUSTED `MAILBOX_FULL`, retryable. */
export function mailboxFull(id: string): BanyanError {
  return new BanyanError('RESOURCE_EXHAUSTED', `run '${id}' has ${maxMailbox} unread messages already (maxMailbox)`, {
    reason: 'MAILBOX_FULL',
    retryable: true,
    hint: 'The run does not read them: is it parked, or waiting for something else?',
  })
}

/** ALREADY_EXISTS `SAGA_EXISTS`. */
export function sagaExists(saga: NewSaga): BanyanError {
  const message = `there is a run of '${saga.name}' with key '${saga.key}' (run ${saga.run}), or with id ${saga.id}, already`
  return new BanyanError('ALREADY_EXISTS', message, { reason: 'SAGA_EXISTS' })
}

/** NOT_FOUND `NO_SUCH_SAGA`. */
export function sagaNotFound(id: string): BanyanError {
  return new BanyanError('NOT_FOUND', `there is no run '${id}'`, { reason: 'NO_SUCH_SAGA' })
}

/** FAILED_PRECONDITION `SAGA_ENDED`. */
export function sagaEnded(id: string, state: SagaState): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `run '${id}' has ended: it is ${state}`, {
    reason: 'SAGA_ENDED',
    hint: 'Start a new run from its journal (fork).',
  })
}

/** Another entry stands where this one was to be written: two writers under one epoch, which must not be. */
export function otherEntry(id: string, n: number): BanyanError {
  return new BanyanError('INTERNAL', `the journal of run '${id}' has another entry at place ${n}`, {
    reason: 'JOURNAL_CONFLICT',
    outcome: 'none',
  })
}
