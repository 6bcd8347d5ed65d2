/** What sagas refuse and fail with, each said in one place. */
import { BanyanError, type ErrorDocument, type FieldIssue, type Outcome } from '../core/error.ts'
import type { SagaLock } from '../store/sagas.ts'
import { maxParallel, maxResultBytes } from './options.ts'

type Refusal = BanyanError

const fault = (reason: string, message: string, hint?: string): Refusal =>
  new BanyanError('FAILED_PRECONDITION', message, { reason, ...(hint === undefined ? {} : { hint }) })

/** The reasons for which a run is cancelled rather than failed. */
export const cancelReasons = { cancelled: 'SAGA_CANCELLED', timeout: 'SAGA_TIMEOUT' } as const

export const sagaCancelled = (by: string, why: string): Refusal =>
  new BanyanError('ABORTED', `cancelled by ${by}${why === '' ? '' : `: ${why}`}`, {
    reason: cancelReasons.cancelled,
    outcome: 'refused',
  })

export const sagaTimedOut = (): Refusal =>
  new BanyanError('ABORTED', 'the saga has not ended within its time (timeoutMs)', {
    reason: cancelReasons.timeout,
    outcome: 'refused',
  })

export const attemptTimedOut = (name: string, ms: number): Refusal =>
  new BanyanError('DEADLINE_EXCEEDED', `'${name}' has not ended within ${ms} ms (timeoutMs)`, {
    reason: 'STEP_TIMEOUT',
    outcome: 'unknown',
  })

export const stopped = (): Refusal =>
  new BanyanError('CANCELLED', 'the saga goes on elsewhere, or is being undone', {
    reason: 'SAGA_STOPPED',
    outcome: 'unknown',
  })

export const branchStopped = (why: 'failed' | 'lost'): Refusal =>
  new BanyanError('CANCELLED', why === 'failed' ? 'another branch has failed' : 'another branch was first', {
    reason: 'BRANCH_STOPPED',
    outcome: 'unknown',
  })

const defects = new WeakSet<Refusal>()

/** A mistake of the function itself, thrown into it: nothing is undone for it, a person has to mend the code. */
export function asDefect(error: Refusal): Refusal {
  defects.add(error)
  return error
}

/** True for what only a change of the code can mend. What a step has failed with is none, whatever it is. */
export function isDefect(error: unknown): boolean {
  return !(error instanceof BanyanError) || defects.has(error)
}

export const tooLarge = (what: string, bytes: number, outcome: Outcome): Refusal =>
  new BanyanError(
    'INVALID_ARGUMENT',
    `${what} has ${bytes} bytes, at most ${maxResultBytes} are kept (maxResultBytes)`,
    {
      reason: 'SAGA_VALUE_TOO_LARGE',
      outcome,
      hint: 'Keep the large part elsewhere and give its name.',
    },
  )

export const notJson = (what: string, outcome: Outcome): Refusal =>
  new BanyanError('INVALID_ARGUMENT', `${what} is not JSON: it cannot be kept`, {
    reason: 'SAGA_VALUE_NOT_JSON',
    outcome,
  })

export const tooManySteps = (max: number): Refusal =>
  fault(
    'SAGA_TOO_LONG',
    `the saga has begun ${max} operations (maxSteps)`,
    'A saga without an end continues as a new run: saga.continueAs(input).',
  )

export const tooParallel = (): Refusal =>
  fault(
    'SAGA_TOO_WIDE',
    `the saga has ${maxParallel} operations under way (maxParallel)`,
    'Give saga.all fewer branches.',
  )

export const undeclaredWait = (type: string): Refusal =>
  asDefect(fault('UNDECLARED_WAIT', `waitFor('${type}'): it is not listed in the saga's 'waits'`, `Add it to 'waits'.`))

export const undeclaredSignal = (name: string): Refusal =>
  asDefect(fault('UNDECLARED_SIGNAL', `'${name}' is not listed in the saga's 'signals'`, `Add it to 'signals'.`))

/** Lines of each sequence that are shown, around the first that differs. */
const maxLinesShown = 20

/** The journal and the function disagree; both sequences are shown, around the place. */
export function nonDeterministic(journal: readonly string[], code: readonly string[], what: string): Refusal {
  const differs = journal.findIndex((line, index) => code[index] !== line)
  const place = differs < 0 ? Math.min(journal.length, code.length) : Math.min(differs, code.length)
  const from = Math.max(0, place - maxLinesShown / 2)
  const show = (lines: readonly string[]): string => {
    const shown = lines.slice(from, from + maxLinesShown).map((line) => `    ${line}`)
    const rest = lines.length - from - shown.length
    if (from > 0) shown.unshift(`    … ${from} before`)
    if (rest > 0) shown.push(`    … ${rest} more`)
    return shown.length === 0 ? '    (nothing)' : shown.join('\n')
  }
  return new BanyanError(
    'FAILED_PRECONDITION',
    `the function does not do what it did before: ${what}\n  the journal has\n${show(journal)}\n  the function does\n${show(code)}`,
    {
      reason: 'NON_DETERMINISTIC',
      details: { journal, code },
      hint: 'Keep the old version listed, guard the change with saga.patched(id), and take time and randomness from the saga.',
    },
  )
}

export const awaitsElsewhere = (): Refusal =>
  fault(
    'SAGA_AWAITS_ELSEWHERE',
    'the function awaits something that is no operation of the saga',
    'Do it inside a step: what is outside of steps is run again at every replay.',
  )

export const locked = ({ kind, key, ownerName }: SagaLock): Refusal =>
  new BanyanError('ABORTED', `${kind} '${key}' is locked by ${ownerName}`, {
    reason: 'LOCKED',
    details: { kind, key, owner: ownerName },
    retryable: true,
    httpStatus: 409,
  })

export const badLock = (rule: string): Refusal =>
  asDefect(new BanyanError('INVALID_ARGUMENT', `lock: ${rule}`, { reason: 'INVALID_LOCK' }))

export const badWait = (rule: string): Refusal =>
  asDefect(new BanyanError('INVALID_ARGUMENT', `waitFor, receive: ${rule}`, { reason: 'INVALID_WAIT' }))

export const badAnswer = (name: string, issues: readonly FieldIssue[]): Refusal =>
  new BanyanError(
    'INVALID_ARGUMENT',
    `the answer to '${name}': ${issues[0]?.message ?? 'it does not fit its schema'}`,
    {
      reason: 'INVALID_ANSWER',
      issues,
    },
  )

export const badSleep = (ms: number, most: number): Refusal =>
  asDefect(
    new BanyanError('INVALID_ARGUMENT', `sleep(${ms}): it must be from 0 to ${most} ms (ten years)`, {
      reason: 'INVALID_SLEEP',
    }),
  )

export const lockTimedOut = (kind: string, key: string, ms: number): Refusal =>
  new BanyanError('ABORTED', `${kind} '${key}' has not become free within ${ms} ms`, {
    reason: 'LOCK_TIMEOUT',
    details: { kind, key },
    httpStatus: 409,
  })

export const lockDeadlock = (kind: string, key: string, circle: readonly string[]): Refusal =>
  new BanyanError('ABORTED', `waiting for ${kind} '${key}' would close a circle: ${circle.join(' → ')}`, {
    reason: 'LOCK_DEADLOCK',
    details: { kind, key, circle },
    httpStatus: 409,
  })

export const childFailed = (name: string, error: ErrorDocument): Refusal =>
  new BanyanError('ABORTED', `the child saga '${name}' was undone: ${error.message}`, {
    reason: 'CHILD_UNDONE',
    details: { child: name, error },
    outcome: 'refused',
  })

/** The reason when a completed child is to be undone and its journal was trimmed. */
export const childForgotten = 'CHILD_FORGOTTEN'

/** Asked again until the child is at its end; the parent's attempts and waits say how long. */
export const stillEnding = (name: string): Refusal =>
  new BanyanError('UNAVAILABLE', `the child saga '${name}' is not undone yet`, {
    reason: 'CHILD_NOT_ENDED',
    retryable: true,
    retryAfterMs: 500,
  })

export const childNeedsHelp = (name: string, key: string): Refusal =>
  new BanyanError('UNAVAILABLE', `the child saga '${name}' (${key}) is parked: a person has to mend it first`, {
    reason: 'CHILD_PARKED',
    retryable: true,
    retryAfterMs: 30_000,
  })

export const pastReturn = (what: string): Refusal =>
  fault('PAST_NO_RETURN', `${what}: the saga is past its point of no return`)

export const unknownSaga = (name: string, key: string): Refusal =>
  new BanyanError('NOT_FOUND', `there is no saga '${name}' for '${key}'`, { reason: 'UNKNOWN_SAGA' })

export const sagaEnded = (name: string, key: string, state: string): Refusal =>
  fault('SAGA_ENDED', `saga '${name}' for '${key}' has ended (${state})`)

export const startedDifferently = (name: string, key: string): Refusal =>
  new BanyanError('ALREADY_EXISTS', `saga '${name}' for '${key}' was started with another input`, {
    reason: 'SAGA_INPUT_DIFFERS',
    httpStatus: 409,
    hint: 'A new start needs a new key.',
  })

export const mailboxFull = (name: string, key: string): Refusal =>
  new BanyanError('RESOURCE_EXHAUSTED', `the mailbox of saga '${name}' for '${key}' is full`, {
    reason: 'SAGA_MAILBOX_FULL',
    retryable: true,
  })
