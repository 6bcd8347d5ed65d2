/**
 * What requests to external systems fail with. Messages say what happened and nothing of what was sent; where it went stands in the
 * details, which stay at home unless a contract declares them.
 */
import { BanyanError } from '../core/error.ts'

/** Method and URL, as they may be shown. */
export interface ShownRequest {
  readonly method: string
  readonly url: string
}

/** A request that cannot be sent as it is; trying again cannot help. */
export const externalInvalid = (message: string): BanyanError =>
  new BanyanError('INVALID_ARGUMENT', `external request: ${message}`, {
    reason: 'EXTERNAL_INVALID',
    outcome: 'none',
    httpStatus: 500,
  })

/** A function that makes the request failed. Its message is not shown: it may hold a secret. */
export const externalUnprepared = (what: string, thrown: unknown): BanyanError =>
  new BanyanError(
    'UNAVAILABLE',
    `external request: ${what} could not be made (${thrown instanceof Error ? thrown.name : typeof thrown})`,
    { reason: 'EXTERNAL_UNPREPARED', retryable: true, outcome: 'none' },
  )

export const externalUnreachable = (details: ShownRequest, cause: unknown): BanyanError =>
  new BanyanError('UNAVAILABLE', 'the external system cannot be reached', {
    reason: 'EXTERNAL_UNREACHABLE',
    retryable: true,
    outcome: 'none',
    details,
    cause,
  })

export const externalBusy = (
  details: ShownRequest & { readonly status: number },
  retryAfterMs: number | undefined,
): BanyanError =>
  new BanyanError('UNAVAILABLE', `the external system has no time now (status ${details.status})`, {
    reason: 'EXTERNAL_BUSY',
    retryable: true,
    outcome: 'none',
    retryAfterMs,
    details,
  })

/** Sent, and nobody knows what became of it. */
export const externalUnknown = (
  details: ShownRequest & { readonly status?: number },
  what: string,
  options: { readonly cause?: unknown; readonly retryAfterMs?: number | undefined } = {},
): BanyanError =>
  new BanyanError('UNAVAILABLE', `the outcome of an external request is unknown: ${what}`, {
    reason: 'EXTERNAL_UNKNOWN',
    outcome: 'unknown',
    details,
    ...options,
  })

export const externalRefused = (details: ShownRequest & { readonly status: number }): BanyanError =>
  new BanyanError('FAILED_PRECONDITION', `the external system refused (status ${details.status})`, {
    reason: 'EXTERNAL_REFUSED',
    outcome: 'refused',
    details,
    httpStatus: 502,
  })

/** It did not happen, and may be sent again unless its step says otherwise. */
export const externalAbsent = (details: ShownRequest, retryable: boolean): BanyanError =>
  new BanyanError('ABORTED', 'the external request did not happen, as its probe found', {
    reason: 'EXTERNAL_ABSENT',
    retryable,
    outcome: 'none',
    details,
    httpStatus: 502,
  })

/** It stays unknown. */
export const externalUnsettled = (details: ShownRequest, forMs: number, cause?: unknown): BanyanError =>
  new BanyanError(
    'UNAVAILABLE',
    `it is not known whether an external request was carried out, after ${Math.round(forMs / 1_000)} s`,
    {
      reason: 'EXTERNAL_UNSETTLED',
      outcome: 'unknown',
      details,
      cause,
      hint: 'Look at the provider under the idempotency key; give the step a probe, or say repeatable if the provider keeps keys.',
    },
  )
