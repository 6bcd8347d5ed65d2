/**
 * What the gateway itself refuses, before any service hears of it: one constructor per reason, so that status, reason and
 * advice stand in one place. None of these was executed, so `outcome` is always 'none'.
 */

import type { Code } from '../core/code.ts'
import { BanyanError } from '../core/error.ts'

function refusal(httpStatus: number, code: Code, reason: string, message: string): BanyanError {
  return new BanyanError(code, message, { httpStatus, reason, outcome: 'none' })
}

/** 400: what was sent is no well-formed request. */
export const malformed = (reason: string, message: string): BanyanError =>
  refusal(400, 'INVALID_ARGUMENT', reason, message)

/** 404: no route has this path. */
export const unknownPath = (): BanyanError => refusal(404, 'NOT_FOUND', 'UNKNOWN_PATH', 'nothing is at this path')

/** 405: the path exists, but not with this method. */
export const wrongMethod = (method: string, allowed: string): BanyanError =>
  refusal(405, 'UNIMPLEMENTED', 'METHOD_NOT_ALLOWED', `${method} is not possible here; possible are ${allowed}`)

/** 406: the client takes no JSON. */
export const notAcceptable = (): BanyanError =>
  refusal(406, 'INVALID_ARGUMENT', 'NOT_ACCEPTABLE', 'answers are application/json, which the Accept header excludes')

/** 414: path and query are too long. */
export const targetTooLong = (maxBytes: number): BanyanError =>
  refusal(414, 'INVALID_ARGUMENT', 'TARGET_TOO_LONG', `path and query are longer than ${maxBytes} bytes`)

/** 415: the body is not JSON in UTF-8. */
export const unsupportedMedia = (message: string): BanyanError =>
  refusal(415, 'INVALID_ARGUMENT', 'UNSUPPORTED_MEDIA_TYPE', message)

/** 503: the gateway has as many calls under way as it bears, or is on its way out. */
export const notNow = (reason: 'OVERLOADED' | 'DRAINING', message: string): BanyanError =>
  new BanyanError('UNAVAILABLE', message, { reason, retryable: true, retryAfterMs: 1_000 })
