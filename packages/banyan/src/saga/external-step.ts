/**
 * Steps at external systems: a step whose work is a request, whose third outcome (nobody knows) is pursued rather than guessed. In the
 * journal it is a step with facts of the request beside its outcome; after a crash it goes on under the same key, and what an earlier
 * holder may have sent counts as unknown.
 */
import type { BanyanError } from '../core/error.ts'
import { type Attempting, attemptAll, toFailure } from './attempts.ts'
import { type ExternalStep, type ExternalUndo, externalSettleMs, externalTimeoutMs } from './external.ts'
import { externalRefused, externalUnknown, externalUnsettled } from './external-errors.ts'
import { exchange, meaningOf } from './external-exchange.ts'
import { assertExternal } from './external-faults.ts'
import { ExternalPursuit, readWith } from './external-pursuit.ts'
import { ask, prepare } from './external-request.ts'
import type { Attempt } from './host.ts'
import { pursuitLabel, type Settled } from './journal.ts'
import type { LiveRun } from './live-run.ts'
import type { Begin, Branch, Operation, UndoWork } from './operation.ts'
import { resolveRetry, stepRetry } from './options.ts'
import { asDefect } from './refusals.ts'
import { assertStep, attempting, fateOf, keyOf, undoOptions } from './steps.ts'
import { copyOf, toText } from './values.ts'

// biome-ignore lint/suspicious/noExplicitAny: contexts and results differ by step; here they only pass through
type AnyStep = ExternalStep<any, any, any>

/** Beside the requests of an attempt: what making them may take, in milliseconds. */
const marginMs = 5_000
/** One request and two probes. */
const requestsPerAttempt = 3

/** One external step of one run, forward and back. */
class ExternalOperation {
  readonly #run: LiveRun
  readonly #step: AnyStep
  readonly #beganMs: number
  readonly #settleMs: number
  #pursuit: ExternalPursuit | undefined

  constructor(run: LiveRun, step: AnyStep) {
    this.#run = run
    this.#step = step
    this.#beganMs = run.timeMs
    this.#settleMs = step.settleMs ?? externalSettleMs
  }

  keyOf(seq: number): string {
    return this.#step.key ?? keyOf(this.#run, seq, this.#beganMs)
  }

  /** `mayHaveBegun`: another holder may have sent it. */
  #pursue(seq: number, mayHaveBegun: boolean): ExternalPursuit {
    const { host } = this.#run.shared
    const now = (): number => this.#run.shared.now()
    const known = this.#run.note.retries?.[pursuitLabel(seq)]
    const sinceMs = known === undefined ? (mayHaveBegun ? now() : undefined) : known.dueMs - this.#settleMs
    this.#pursuit ??= new ExternalPursuit(this.#step, {
      environment: host.environment,
      now,
      settleMs: this.#settleMs,
      unknownSinceMs: sinceMs,
    })
    return this.#pursuit
  }

  /** Keeps since when it is unknown: through waits, and for people to see. */
  #note(seq: number, pursuit: ExternalPursuit | undefined): void {
    const { [pursuitLabel(seq)]: before, ...retries } = this.#run.note.retries ?? {}
    const since = pursuit?.unknownSinceMs
    if (before === undefined && since === undefined) return
    if (pursuit === undefined || since === undefined) {
      this.#run.note = { ...this.#run.note, retries }
      return
    }
    const { method, url, sent, probed } = pursuit.facts
    const error = `whether ${method} ${url} was carried out is unknown (sent ${sent}, probed ${probed})`
    const mine = { attempts: sent, dueMs: since + this.#settleMs, error, outcome: 'unknown' as const }
    this.#run.note = { ...this.#run.note, retries: { ...retries, [pursuitLabel(seq)]: mine } }
  }

  async act(op: Operation): Promise<Settled | undefined> {
    const run = this.#run
    const pursuit = this.#pursue(op.seq, op.mayHaveBegun)
    const tried = await attemptAll(run, this.#attempting(op, pursuit))
    if (tried.did === 'wait') {
      this.#note(op.seq, pursuit)
      return op.rest(tried.dueMs, () => run.shared.now() >= tried.dueMs)
    }
    this.#note(op.seq, undefined)
    const { facts: external, unknownSinceMs: since } = pursuit
    if (tried.did === 'succeed') {
      const { value, attempts } = tried
      const ok = copyOf(value, toText(value, `what '${op.name}' gave`))
      return { ok, attempts, tookMs: Math.round(tried.tookMs), external }
    }
    const isStopped = op.stoppedBy !== undefined
    const error: BanyanError = isStopped ? tried.error : pursuit.toFinal(tried.error)
    if (since !== undefined && !isStopped && this.#step.ifUnsettled !== 'fail') {
      run.park('EXTERNAL_UNSETTLED', `${op.name}: ${external.method} ${external.url}: ${error.message}`, op.seq)
      return undefined
    }
    return fateOf(run, op, { ...toFailure({ ...tried, error, outcome: pursuit.outcomeOf(error) }), external })
  }

  #attempting(op: Operation, pursuit: ExternalPursuit): Attempting {
    const run = this.#run
    const { timeoutMs = externalTimeoutMs, retry: own } = this.#step
    const retry = resolveRetry(own ?? run.shape.retry, stepRetry)
    return {
      ...attempting(run, op, this.#beganMs, { timeoutMs: timeoutMs * requestsPerAttempt + marginMs }),
      idempotencyKey: this.keyOf(op.seq),
      // How often is for the pursuit to say: what is unknown is not counted.
      retry: { ...retry, maxAttempts: Number.POSITIVE_INFINITY },
      isTerminal: (thrown) => pursuit.isOver(thrown, run.isPast ? Number.POSITIVE_INFINITY : retry.maxAttempts),
      work: async (attempt) => {
        const { idempotencyKey: key, signal } = attempt
        const value = await run.shared.host.perform(attempt, (ctx) => pursuit.once({ ctx, key, signal }))
        // Too large to be kept: it was done all the same.
        toText(value, `what '${op.name}' gave`, 'unknown')
        return value
      },
    }
  }

  // The way back.

  undo(seq: number): { readonly forwardKey: string; readonly undo: UndoWork } {
    const { undo, undoRetry, retry, timeoutMs = externalTimeoutMs } = this.#step
    const options = undoOptions(this.#run, { undoRetry, retry } as never)
    return {
      forwardKey: this.keyOf(seq),
      undo: {
        by: 'step',
        run: (ctx, result) =>
          typeof undo === 'function'
            ? undo(ctx, result)
            : this.#undo(undo as ExternalUndo<object, unknown>, ctx, result),
        probe: (ctx) => this.#probe(seq, ctx),
        options: { ...options, timeoutMs: timeoutMs * requestsPerAttempt + marginMs },
      },
    }
  }

  #probe(seq: number, ctx: object): Promise<unknown> {
    const { signal } = ctx as Pick<Attempt, 'signal'>
    // Undone before it was looked at again: what another holder did is unknown.
    return this.#pursue(seq, true).probe({ ctx, key: this.keyOf(seq), signal })
  }

  async #undo(undo: ExternalUndo<object, unknown>, ctx: object, result: unknown): Promise<void> {
    const { outcome, idempotencyKey, signal } = ctx as Pick<Attempt, 'outcome' | 'idempotencyKey' | 'signal'>
    const isUnknown = outcome === 'unknown'
    if (isUnknown && undo.whenUnknown === undefined)
      throw externalUnsettled(this.#pursuit?.facts ?? { method: 'POST', url: '' }, this.#settleMs)
    const request = await ask('the request of the undo', () =>
      isUnknown ? undo.whenUnknown?.(ctx) : undo.request(result, ctx),
    )
    if (request === undefined) return
    const key = this.#step.key === undefined ? idempotencyKey : `${this.#step.key}-undo`
    const prepared = await prepare(this.#step, request, key)
    const response = await exchange(this.#run.shared.host.environment, this.#step, prepared, signal)
    const details = { ...prepared.shown, status: response.status }
    const meaning = this.#step.classify?.(response) ?? meaningOf(response, undo.readAlso)
    if (meaning === 'refused') throw externalRefused(details)
    if (meaning !== 'read') throw externalUnknown(details, `status ${response.status}`)
    readWith(undo.read ?? (() => undefined), response, details)
  }
}

/** How a step at an external system is begun. */
export function beginExternal(run: LiveRun, branch: Branch, name: string, step: AnyStep): Begin {
  assertStep(name, step?.read, {
    ...(step?.retry && { retry: step.retry }),
    ...(step?.undoRetry && { undoRetry: step.undoRetry }),
  })
  try {
    assertExternal(`step '${name}'`, 'INVALID_STEP', step)
  } catch (error) {
    throw asDefect(error as BanyanError)
  }
  const operation = new ExternalOperation(run, step)
  return {
    kind: 'step',
    name,
    branch,
    act: (op) => operation.act(op),
    ...(step.undo !== undefined && { undo: (seq: number) => operation.undo(seq) }),
  }
}
