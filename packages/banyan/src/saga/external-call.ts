/** Work at an external system outside of a saga: for handlers of commands and events, with the same meanings and the same probe. */
import { equalJitterMs } from '../bus/backoff.ts'
import type { Environment } from '../core/environment/environment.ts'
import { sleep } from '../core/environment/timers.ts'
import { fromUnknown } from '../core/error.ts'
import type { ExternalWork } from './external.ts'
import { assertExternal } from './external-faults.ts'
import { ExternalPursuit } from './external-pursuit.ts'
import { type ResolvedRetry, resolveRetry } from './options.ts'

/** What the functions of a call are given. */
export interface ExternalCallContext {
  readonly idempotencyKey: string | undefined
  /** 1 at the first try of this call. */
  readonly attempt: number
  readonly signal: AbortSignal | undefined
}

/** See {@link externalCall}. */
export interface ExternalCall<Result> extends ExternalWork<ExternalCallContext, Result> {
  /** Gives up when it is aborted; a request that is under way is cut off, and its outcome is unknown. */
  readonly signal?: AbortSignal
  /** It may have been sent before, by a call that ended without an answer: the probe is asked first. */
  readonly mayHaveBegun?: boolean
}

/** How a call is tried again when it says nothing. */
export const externalCallRetry: ResolvedRetry = { maxAttempts: 3, firstMs: 100, factor: 2, maxMs: 2_000 }
/** How long a call pursues an unknown outcome, in milliseconds. */
export const externalCallSettleMs = 10_000

/**
 * Asks an external system for something, over the environment's network. What was certainly not carried out is tried again; what may
 * have been is asked about (`probe`) or asked for again (`repeatable`), for `settleMs` at most.
 *
 * Rejects with what `read` throws; FAILED_PRECONDITION `EXTERNAL_REFUSED` for an answer that says no; UNAVAILABLE
 * `EXTERNAL_UNREACHABLE` or `EXTERNAL_BUSY` (not carried out), `EXTERNAL_UNSETTLED` (outcome 'unknown'); ABORTED `EXTERNAL_ABSENT`;
 * INVALID_ARGUMENT `EXTERNAL_INVALID`.
 *
 * @example
 * const charge = (environment: Environment, orderId: string) =>
 *   externalCall(environment, {
 *     request: { url: 'https://pay.example/charges', json: { orderId } },
 *     key: `charge-${orderId}`,
 *     repeatable: true,
 *     read: (answer) => answer.json<{ chargeId: string }>().chargeId,
 *   })
 */
export async function externalCall<Result>(
  environment: Pick<Environment, 'network' | 'timers' | 'clock' | 'random'>,
  call: ExternalCall<Result>,
): Promise<Result> {
  assertExternal('externalCall', 'EXTERNAL_INVALID', call)
  const { signal, key, mayHaveBegun = false, settleMs = externalCallSettleMs } = call
  const { clock, timers, random } = environment
  const now = (): number => clock.monotonic()
  const pursuit = new ExternalPursuit(call, {
    environment,
    now,
    settleMs,
    unknownSinceMs: mayHaveBegun ? now() : undefined,
  })
  const retry = resolveRetry(call.retry, externalCallRetry)
  for (let attempt = 1; ; attempt++) {
    try {
      return (await pursuit.once({ ctx: { idempotencyKey: key, attempt, signal }, key, signal })) as Result
    } catch (thrown) {
      if (signal?.aborted || pursuit.isOver(thrown, retry.maxAttempts)) throw pursuit.toFinal(thrown)
      const waitMs = Math.max(
        fromUnknown(thrown).retryAfterMs ?? 0,
        equalJitterMs(retry, Math.min(attempt, 64), random),
      )
      await sleep(timers, waitMs, signal).catch(() => {
        throw pursuit.toFinal(thrown)
      })
    }
  }
}
