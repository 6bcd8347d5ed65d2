/**
 * Pursues one piece of work at an external system until its end is known: sends, asks the probe, sends again. It knows at every moment
 * whether the request may have been carried out, and takes it for so before it is sent; so whoever stops in the middle knows.
 */
import type { Environment } from '../core/environment/environment.ts'
import { type BanyanError, fromUnknown, isBanyanError, type Outcome } from '../core/error.ts'
import {
  type ExternalFacts,
  type ExternalProbe,
  type ExternalRequest,
  type ExternalResponse,
  type ExternalWork,
  externalLateMs,
} from './external.ts'
import { externalAbsent, externalBusy, externalRefused, externalUnknown, externalUnsettled } from './external-errors.ts'
import { exchange, meaningOf, retryAfterOf } from './external-exchange.ts'
import { ask, type PreparedRequest, prepare } from './external-request.ts'
import type { Probed } from './options.ts'

/** One try of it. */
export interface ExternalTry {
  /** What the functions of the work are given. */
  readonly ctx: object
  readonly key: string | undefined
  readonly signal: AbortSignal | undefined
}

/** What a pursuit works with. */
export interface PursuitOptions {
  readonly environment: Pick<Environment, 'network' | 'timers' | 'clock'>
  /** A clock in milliseconds; only differences count. */
  readonly now: () => number
  readonly settleMs: number
  /** Since when its outcome is unknown: it may have been sent before. */
  readonly unknownSinceMs?: number | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: contexts and results differ by work; here they only pass through
export type AnyExternalWork = ExternalWork<any, any>
type Found = { readonly result: unknown }

/** Answers that say nothing of an earlier request: who may not come in is turned away before it is looked up. */
const besideThePoint: ReadonlySet<number> = new Set([401, 403, 407, 409])

/** See the top of the file. */
export class ExternalPursuit {
  readonly #work: AnyExternalWork
  readonly #options: PursuitOptions
  #unknownSinceMs: number | undefined
  #lastSentMs: number
  #tries = 0
  #sent = 0
  #probed = 0
  #status: number | undefined
  #shown = { method: 'POST', url: '' }
  #key: string | undefined
  #isOver = false
  #probeFault = ''

  constructor(work: AnyExternalWork, options: PursuitOptions) {
    this.#work = work
    this.#options = options
    this.#unknownSinceMs = options.unknownSinceMs
    this.#lastSentMs = options.now()
  }

  /** Since when it is not known whether it was carried out; undefined when it is known that it was not. */
  get unknownSinceMs(): number | undefined {
    return this.#unknownSinceMs
  }
  /** What is known when nothing more is done. */
  outcomeOf(error: BanyanError): Outcome {
    return this.#unknownSinceMs === undefined ? error.outcome : 'unknown'
  }
  get facts(): ExternalFacts {
    return {
      ...this.#shown,
      ...(this.#key !== undefined && { key: this.#key }),
      ...(this.#status !== undefined && { status: this.#status }),
      sent: this.#sent,
      probed: this.#probed,
    }
  }

  /** The next thing to do. Rejects with what came of it; {@link isOver} says whether to come again. */
  async once(one: ExternalTry): Promise<unknown> {
    this.#key = one.key
    if (this.#unknownSinceMs !== undefined) {
      const found = await this.#settle(one)
      if (found !== undefined) return found.result
    }
    try {
      return await this.#send(one)
    } catch (thrown) {
      // Asked at once: a connection that broke after the work was done costs no wait.
      if (this.#unknownSinceMs === undefined || this.#work.probe === undefined || one.signal?.aborted) throw thrown
      const found = await this.#settle(one)
      if (found !== undefined) return found.result
      throw this.#unknownSinceMs === undefined ? externalAbsent(this.#shown, true) : thrown
    }
  }

  /** True when coming again is pointless, or has been done often or long enough. */
  isOver(thrown: unknown, maxAttempts: number): boolean {
    if (this.#isOver) return true
    const since = this.#unknownSinceMs
    if (since !== undefined) return this.#options.now() - since >= this.#options.settleMs
    const error = fromUnknown(thrown)
    return !error.retryable || this.#tries >= maxAttempts
  }

  /** What is said when it is over. */
  toFinal(thrown: unknown): BanyanError {
    const error = fromUnknown(thrown)
    const since = this.#unknownSinceMs
    if (since === undefined || error.reason === 'EXTERNAL_UNSETTLED') return error
    return externalUnsettled(this.#shown, this.#options.now() - since, error)
  }

  /** Asks what became of it. Rejects while that is not known; `no` means that it will not happen any more either. */
  async probe(one: ExternalTry): Promise<Probed<unknown>> {
    if (this.#unknownSinceMs === undefined) return { happened: 'no' }
    const found = await this.#settle(one)
    if (found !== undefined) return { happened: 'yes', result: found.result }
    if (this.#unknownSinceMs === undefined) return { happened: 'no' }
    // The provider keeps keys: what it answers now is what became of it, even if it becomes so only now.
    return { happened: 'yes', result: await this.#send(one) }
  }

  /** What was done; undefined when it may be sent. */
  async #settle(one: ExternalTry): Promise<Found | undefined> {
    const { probe, repeatable = false, ifAbsent, lateMs = externalLateMs } = this.#work
    if (probe === undefined) {
      if (repeatable) return undefined
      this.#isOver = true
      throw externalUnsettled(this.#shown, this.#options.now() - (this.#unknownSinceMs ?? 0))
    }
    const probed = await this.#ask(probe, one)
    if (probed.happened === 'yes') {
      this.#unknownSinceMs = undefined
      return { result: probed.result }
    }
    const isLate = this.#options.now() - this.#lastSentMs >= lateMs
    if (probed.happened === 'no' && (repeatable || isLate)) {
      this.#unknownSinceMs = undefined
      if (ifAbsent !== 'fail') return undefined
      this.#isOver = true
      throw externalAbsent(this.#shown, false)
    }
    if (repeatable) return undefined
    const why = probed.happened === 'no' ? 'it may still be carried out' : `not known yet${this.#probeFault}`
    throw externalUnknown(this.#shown, why)
  }

  async #ask(probe: ExternalProbe<never, unknown>, one: ExternalTry): Promise<Probed<unknown>> {
    this.#probed += 1
    this.#probeFault = ''
    try {
      if (typeof probe === 'function') return await ask('the answer of the probe', () => probe(one.ctx as never))
      const { request, readAlso = [], read } = probe
      const response = await this.#exchange(await this.#prepare(request, one), one)
      if (this.#meaningOf(response, readAlso) === 'read') return read(response)
      this.#probeFault = `; the probe was answered with status ${response.status}`
    } catch (thrown) {
      // A probe that fails has found out nothing.
      this.#probeFault = `; the probe failed: ${isBanyanError(thrown) ? thrown.message : 'its answer was not understood'}`
    }
    return { happened: 'unknown' }
  }

  async #send(one: ExternalTry): Promise<unknown> {
    this.#tries += 1
    const request = await this.#prepare(this.#work.request, one)
    this.#shown = request.shown
    if (one.signal?.aborted) throw one.signal.reason
    const before = this.#unknownSinceMs
    this.#sent += 1
    this.#mark()
    try {
      const response = await this.#exchange(request, one)
      this.#status = response.status
      const result = this.#read(response, before !== undefined)
      this.#unknownSinceMs = undefined
      return result
    } catch (thrown) {
      const { outcome } = fromUnknown(thrown)
      if (outcome === 'none') this.#unknownSinceMs = before
      else if (outcome === 'refused') this.#unknownSinceMs = undefined
      else this.#mark()
      throw thrown
    }
  }
  #mark(): void {
    this.#lastSentMs = this.#options.now()
    this.#unknownSinceMs ??= this.#lastSentMs
  }

  async #prepare(
    request: ExternalRequest | ((ctx: never) => ExternalRequest | Promise<ExternalRequest>),
    one: ExternalTry,
  ): Promise<PreparedRequest> {
    const given = typeof request === 'function' ? await ask('the request', () => request(one.ctx as never)) : request
    return prepare(this.#work, given, one.key)
  }
  #exchange(request: PreparedRequest, one: ExternalTry): Promise<ExternalResponse> {
    return exchange(this.#options.environment, this.#work, request, one.signal)
  }
  #meaningOf(response: ExternalResponse, readAlso: readonly number[] | undefined) {
    return this.#work.classify?.(response) ?? meaningOf(response, readAlso)
  }

  /** The result; throws what the answer means instead. */
  #read(response: ExternalResponse, isRepeat: boolean): unknown {
    const { status } = response
    const details = { ...this.#shown, status }
    const meaning = this.#meaningOf(response, this.#work.readAlso)
    const retryAfterMs = retryAfterOf(response, this.#options.environment.clock.now())
    if (meaning === 'none') throw externalBusy(details, retryAfterMs)
    if (meaning === 'unknown' || (meaning === 'refused' && isRepeat && besideThePoint.has(status)))
      throw externalUnknown(details, `status ${status}`, { retryAfterMs })
    if (meaning === 'refused') throw externalRefused(details)
    return readWith(this.#work.read, response, details)
  }
}

/** What `read` makes of an answer; one that it does not understand says nothing. */
export function readWith(
  read: (response: ExternalResponse) => unknown,
  response: ExternalResponse,
  details: ExternalRequestDetails,
): unknown {
  try {
    return read(response)
  } catch (thrown) {
    if (isBanyanError(thrown)) throw thrown
    throw externalUnknown(details, `the answer was not understood (status ${details.status})`, { cause: thrown })
  }
}

type ExternalRequestDetails = { readonly method: string; readonly url: string; readonly status: number }
