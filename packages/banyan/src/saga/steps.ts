/** Steps and transactions: operations that do something outside of the function. */

import { BanyanError } from '../core/error.ts'
import type { SagaEntry } from '../store/sagas.ts'
import { attemptAll, toSettled } from './attempts.ts'
import type { Branch, Operation, Settlement, UndoOptions } from './operation.ts'
import {
  maxSleepMs,
  resolveRetry,
  type StepOptions,
  type StepRetry,
  stepRetry,
  stepTimeoutMs,
  undoRetry,
} from './options.ts'
import type { Begin, SagaRun } from './run.ts'
import { retryFaults } from './saga-faults.ts'
import { createIsTerminal, type Judging } from './step-policy.ts'
import { toText } from './values.ts'

type AnyOptions = StepOptions<never, never>
type Work = (subject: object, ...rest: readonly unknown[]) => unknown

/**
 * The key of an operation's calls: the same at every attempt and replay. It says when the operation was begun. That of an undo has
 * `u3` in the place of its operation, so that a tombstone of the operation does not meet the undo itself.
 */
export function keyOf(run: SagaRun, seq: number | string, timeMs: number): string {
  return `${run.id}.${seq}.${Math.floor(timeMs).toString(36)}`
}

function undoOptions(run: SagaRun, options: AnyOptions): UndoOptions {
  const own = options.undoRetry ?? options.retry ?? run.shape.retry
  return {
    timeoutMs: options.timeoutMs ?? stepTimeoutMs,
    retry: resolveRetry(own === options.undoRetry ? own : { ...own, maxAttempts: undoRetry.maxAttempts }, undoRetry),
    isTerminal: createIsTerminal({ terminal: options.terminal, retryable: options.retryable }),
  }
}

function assertOptions(name: string, options: AnyOptions): void {
  const { timeoutMs } = options
  const faults = [...retryFaults('retry', options.retry), ...retryFaults('undoRetry', options.undoRetry)]
  if (name === '' || name.length > 200) faults.push('its name has 1 to 200 characters')
  if (timeoutMs !== undefined && !(timeoutMs >= 1 && timeoutMs <= 3_600_000))
    faults.push(`'timeoutMs' is ${timeoutMs}: it must be from 1 to 3600000`)
  if (faults.length > 0)
    throw new BanyanError('INVALID_ARGUMENT', `step '${name}': ${faults.join('; ')}`, { reason: 'INVALID_STEP' })
}

/** What of a step is tried how. */
function attempting(
  run: SagaRun,
  op: Operation,
  key: string,
  options: Judging & { readonly retry?: StepRetry | undefined; readonly timeoutMs?: number | undefined },
) {
  return {
    label: String(op.seq),
    name: op.name,
    seq: op.seq,
    retry: resolveRetry(options.retry ?? run.shape.retry, stepRetry),
    timeoutMs: options.timeoutMs ?? stepTimeoutMs,
    isTerminal: createIsTerminal(options),
    idempotencyKey: key,
    signal: op.controller.signal,
    mayHaveBegun: run.undoOf(op.seq)?.begun === true && run.record.epoch > 1,
  }
}

/** Waits for the next attempt as a row; looked at again when it is due. */
function comeBack(run: SagaRun, op: Operation, dueMs: number): undefined {
  op.dueMs = dueMs
  op.look = () => {
    if (run.shared.now() < dueMs) return undefined
    op.active = true
    op.dueMs = undefined
    op.look = undefined
    run.schedule()
    return undefined
  }
  return undefined
}

/** How a step is begun. */
export function beginStep(
  run: SagaRun,
  branch: Branch,
  name: string,
  act: Work,
  undo: Work | undefined,
  options: AnyOptions,
): Begin {
  assertOptions(name, options)
  const beganMs = run.timeMs
  const { host } = run.shared
  return {
    kind: 'step',
    name,
    branch,
    async act(op) {
      const given = await attemptAll(run, {
        ...attempting(run, op, keyOf(run, op.seq, beganMs), options),
        once: async (attempt) => {
          const value = await host.perform(attempt, (ctx) => act(ctx))
          // Too large to be kept: it was done all the same.
          toText(value, `what '${name}' gave`, 'unknown')
          return value
        },
      })
      if (given.did === 'wait') return comeBack(run, op, given.dueMs)
      return fateOf(run, op, toSettled(given))
    },
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

/** After the point of no return a failure cannot be undone: it waits for a person. */
function fateOf(run: SagaRun, op: Operation, settled: Settlement['body']): Settlement['body'] | undefined {
  if (settled.error === undefined || !run.isPast) return settled
  run.park('STEP_FAILED_PAST_NO_RETURN', `${op.name}: ${settled.error.message}`, op.seq)
  return undefined
}

/** How a transaction is begun. */
export function beginTx(
  run: SagaRun,
  branch: Branch,
  name: string,
  work: Work,
  undo: Work | undefined,
  options: AnyOptions,
): Begin {
  assertOptions(name, options)
  const beganMs = run.timeMs
  return {
    kind: 'tx',
    name,
    branch,
    async act(op) {
      let written: SagaEntry | undefined
      const given = await attemptAll(run, {
        ...attempting(run, op, keyOf(run, op.seq, beganMs), options),
        once: async (attempt) => {
          written = await inTransaction(run, attempt, work, (result) => ({
            seq: op.seq,
            kind: 'tx',
            name,
            body: `{"attempts":${attempt.attempt}${okOf(result, name)}}`,
          }))
        },
      })
      if (given.did === 'wait') return comeBack(run, op, given.dueMs)
      if (written !== undefined) return { op, body: {}, written }
      // What was rolled back was not done.
      return fateOf(run, op, { ...toSettled(given), outcome: 'none' })
    },
    ...(undo !== undefined && {
      undo: (seq: number) => ({
        forwardKey: keyOf(run, seq, beganMs),
        undo: { by: 'tx' as const, run: undo, options: undoOptions(run, options) },
      }),
    }),
  }
}

function okOf(result: unknown, name: string): string {
  const text = toText(result, `what '${name}' gave`)
  return text === undefined ? '' : `,"ok":${text}`
}

/** Work and entry in one transaction; nothing is given to the function until it has ended. */
export async function inTransaction(
  run: SagaRun,
  attempt: Parameters<SagaRun['shared']['host']['transact']>[0],
  work: (tx: object) => unknown,
  toEntry: (result: unknown) => Omit<SagaEntry, 'n' | 'atMs'>,
): Promise<SagaEntry> {
  let entry: SagaEntry | undefined
  try {
    await run.shared.host.transact(attempt, work, async (result) => {
      run.isCommitting = true
      const write = await run.journal.toTxWrite(toEntry(result))
      entry = write.entries[0]
      return write
    })
    run.journal.txWritten()
    return entry as SagaEntry
  } catch (error) {
    if ((error as { reason?: unknown } | null)?.reason === 'FENCED') run.lose()
    throw error
  } finally {
    run.isCommitting = false
  }
}

/** Checks the length of a wait. */
export function assertSleep(ms: number): void {
  if (ms >= 0 && ms <= maxSleepMs) return
  throw new BanyanError('INVALID_ARGUMENT', `sleep(${ms}): it must be from 0 to ${maxSleepMs} ms (ten years)`, {
    reason: 'INVALID_SLEEP',
  })
}
