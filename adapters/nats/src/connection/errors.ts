/** What the client library throws, as errors that say what the caller should do. */
import { JetStreamApiError, JetStreamError } from '@nats-io/jetstream'
import { errors } from '@nats-io/transport-node'
import { BanyanError, type Outcome } from 'banyan/core'

/** Codes of JetStream that mean something to us; the server's errors.json names them. */
export const apiCodes = {
  streamNotFound: 10_059,
  wrongLastMessageId: 10_070,
  wrongLastSequence: 10_071,
  wrongLastSequenceUnknown: 10_164,
  maximumBytes: 10_077,
  subjectsOverlap: 10_065,
  streamNameInUse: 10_058,
  noMessage: 10_037,
  sequenceNotFound: 10_043,
  deleteFailed: 10_057,
} as const

/** Refused because there is no room: bytes or messages of a stream, storage of the account or the server. */
const fullCodes: ReadonlySet<number> = new Set([10_077, 10_002, 10_023, 10_028, 10_047, 10_110])

/** True when JetStream has answered with one of these codes, also when the answer was translated since. */
export function isApiError(error: unknown, ...codes: readonly number[]): boolean {
  const answer = error instanceof BanyanError ? error.cause : error
  return answer instanceof JetStreamApiError && codes.includes(answer.code)
}

/** Nobody leads: the cluster, the stream or the consumer. */
const leaderlessCodes: ReadonlySet<number> = new Set([10_006, 10_008, 10_009, 10_118, 10_119])

/**
 * True for what is no answer: nobody leads, so nothing was done. With `silence`, an answer that did not come is none either; that
 * is so only for questions.
 */
export function isAway(error: unknown, silence: boolean): boolean {
  if (error instanceof JetStreamApiError) return leaderlessCodes.has(error.code)
  if (error instanceof errors.TimeoutError) return silence
  return error instanceof errors.NoRespondersError || isNoResponders(error)
}

/** The broker is not there, or not now. */
export function unavailable(message: string, outcome: Outcome, cause?: unknown): BanyanError {
  return new BanyanError('UNAVAILABLE', message, { retryable: outcome === 'none', outcome, cause })
}

/** An answer of JetStream that is an error, by its code. */
export function fromApi(code: number, description: string, outcome: Outcome, cause?: unknown): BanyanError {
  if (fullCodes.has(code))
    return new BanyanError('RESOURCE_EXHAUSTED', `the NATS server has no room: ${description}`, {
      reason: 'LOG_FULL',
      retryable: outcome === 'none',
      outcome,
      hint: 'Give the stream or the JetStream account more room, or let old events go (retention).',
      cause,
    })
  return unavailable(`JetStream refuses: ${description} (${code})`, outcome, cause)
}

/** Any error of the client library. `outcome` is what is known of the work when no answer came. */
export function toBusError(error: unknown, outcome: Outcome): BanyanError {
  if (error instanceof BanyanError) return error
  if (error instanceof JetStreamApiError) return fromApi(error.code, error.message, 'none', error)
  if (error instanceof errors.PermissionViolationError || error instanceof errors.AuthorizationError)
    return new BanyanError('PERMISSION_DENIED', `the NATS server does not allow it: ${error.message}`, { cause: error })
  if (error instanceof errors.NoRespondersError || isNoResponders(error))
    return unavailable('JetStream does not answer: no server leads at the moment', 'none', error)
  if (error instanceof errors.TimeoutError) return unavailable('the NATS server did not answer in time', outcome, error)
  const text = error instanceof Error ? error.message : String(error)
  return unavailable(`the NATS server cannot be reached: ${text}`, outcome, error)
}

function isNoResponders(error: unknown): boolean {
  if (!(error instanceof errors.RequestError || error instanceof JetStreamError)) return false
  return error.cause instanceof errors.NoRespondersError || error.message.includes('not enabled')
}
