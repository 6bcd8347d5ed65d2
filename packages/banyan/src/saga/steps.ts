/** Steps: operations that do something outside of the service's own database. */
import { BanyanError } from '../core/error.ts'
import { type Attempted, type Attempting, attemptAll, toCalls, toFailure } from './attempts.ts'
import type { Settled } from './journal.ts'
import type { LiveRun } from './live-run.ts'
import type { Acted, Begin, Branch, Operation, UndoOptions } from './operation.ts'
import { resolveRetry, type StepOptions, type StepRetry, stepRetry, stepTimeoutMs, undoRetry } from './options.ts'
import { asDefect } from './refusals.ts'
import { retryFaults } from './saga-faults.ts'
import { createIsTerminal, type Judging } from './step-policy.ts'
import { copyOf, toText } from './values.ts'

export type AnyOptions = StepOptions<never, never>
export type Work = (subject: object, ...rest: readonly unknown[]) => unknown

/**
 * The key of an operation's calls: the same at every attempt and replay. It says when the operation was begun. That of an undo has
 * `u3` in the place of its operation, so that a tombstone of the operation does not meet the undo itself.
 */
export function keyOf(run: LiveRun, seq: number | string, timeMs: number): string {
  return `${run.id}.${seq}.${Math.floor(timeMs).toString(36)}`
}

/** How what an operation did is taken back. */
export function undoOptions(run: LiveRun, options: AnyOptions): UndoOptions {
  const own = options.undoRetry ?? options.retry ?? run.shape.retry
  return {
    timeoutMs: options.timeoutMs ?? stepTimeoutMs,
    retry: resolveRetry(own === options.undoRetry ? own : { ...own, maxAttempts: undoRetry.maxAttempts }, undoRetry),
    isTerminal: createIsTerminal({ terminal: options.terminal, retryable: options.retryable }),
  }
}

/** Throws INVALID_ARGUMENT `INVALID_STEP`. */
export function assertStep(name: string, act: unknown, options: AnyOptions): void {
  const { timeoutMs, retry, undoRetry: undo } = options
  const isNamed = typeof name === 'string' && name.length >= 1 && name.length <= 200
  const isTimed = timeoutMs === undefined || (timeoutMs >= 1 && timeoutMs <= 3_600_000)
  if (isNamed && isTimed && typeof act === 'function' && retry === undefined && undo === undefined) return
  const faults = [...retryFaults('retry', retry), ...retryFaults('undoRetry', undo)]
  if (!isNamed) faults.push('its name has 1 to 200 characters')
  if (typeof act !== 'function') faults.push('its work is not a function')
  if (!isTimed) faults.push(`'timeoutMs' is ${timeoutMs}: it must be from 1 to 3600000`)
  if (faults.length === 0) return
  const said = `step '${name}': ${faults.join('; ')}`
  throw asDefect(new BanyanError('INVALID_ARGUMENT', said, { reason: 'INVALID_STEP' }))
}

/** What of an operation is tried how. */
export function attempting(
  run: LiveRun,
  op: Operation,
  beganMs: number,
  options: Judging & { readonly retry?: StepRetry | undefined; readonly timeoutMs?: number | undefined },
): Omit<Attempting, 'work'> {
  return {
    label: String(op.seq),
    name: op.name,
    retry: resolveRetry(options.retry ?? run.shape.retry, stepRetry),
    timeoutMs: options.timeoutMs ?? stepTimeoutMs,
    isTerminal: createIsTerminal(options),
    idempotencyKey: keyOf(run, op.seq, beganMs),
    stoppable: op,
    mayHaveBegun: op.mayHaveBegun,
  }
}

/** How a step is begun. */
export function beginStep(
  run: LiveRun,
  branch: Branch,
  name: string,
  act: Work,
  undo: Work | undefined,
  options: AnyOptions,
): Begin {
  assertStep(name, act, options)
  const beganMs = run.timeMs
  return {
    kind: 'step',
    name,
    branch,
    act: (op) => doStep(run, op, act, beganMs, options),
    ...(undo !== undefined && {
      undo: (seq: number) => ({
        forwardKey: keyOf(run, seq, beganMs),
        undo: {
          by: 'step' as const,
          run: undo,
          probe: options.probe as Work | undefined,
          options: undoOptions(run, options),
        },
      }),
    }),
  }
}

async function doStep(run: LiveRun, op: Operation, act: Work, beganMs: number, options: AnyOptions): Promise<Acted> {
  const { host } = run.shared
  let text: string | undefined
  const tried = await attemptAll(run, {
    ...attempting(run, op, beganMs, options),
    work: async (attempt) => {
      const value = await host.perform(attempt, act)
      // Too large to be kept: it was done all the same.
      text = toText(value, `what '${op.name}' gave`, 'unknown')
      return value
    },
  })
  if (tried.did === 'wait') return comeBack(run, op, tried.dueMs)
  return tried.did === 'fail' ? fateOf(run, op, toFailure(tried)) : { op, ...toSuccess(tried, text) }
}

function toSuccess(
  tried: Extract<Attempted, { did: 'succeed' }>,
  text: string | undefined,
): { body: Settled; text: string } {
  const { value, attempts, calls } = tried
  const facts = { attempts, ...toCalls(calls), tookMs: Math.round(tried.tookMs) }
  const said = JSON.stringify(facts)
  // What it gave is in its text already.
  const whole = text === undefined ? said : `{"ok":${text},${said.slice(1)}`
  return { body: { ...facts, ok: copyOf(value, text) }, text: whole }
}

/** Waits for the next attempt as a row; acted on again when it is due. */
export function comeBack(run: LiveRun, op: Operation, dueMs: number): undefined {
  return op.rest(dueMs, () => run.shared.now() >= dueMs)
}

/** After the point of no return a failure cannot be undone: it waits for a person. */
export function fateOf(run: LiveRun, op: Operation, settled: Settled): Settled | undefined {
  if (settled.error === undefined || !run.isPast || op.stoppedBy !== undefined) return settled
  run.park('STEP_FAILED_PAST_NO_RETURN', `${op.name}: ${settled.error.message}`, op.seq)
  return undefined
}
