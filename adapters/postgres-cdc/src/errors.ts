/**
 * What a source of changes refuses, and what to do about it. A refusal (reason `CDC_…`) is final: the source stops, because
 * going on would lose changes, or cannot work. Every other error is an outage: the source tries again.
 */
import { BanyanError, isBanyanError } from 'banyan/core'

/** Why a source stopped for good. */
export type Refusal =
  | 'CDC_OPTIONS'
  | 'CDC_WAL_LEVEL'
  | 'CDC_PRIVILEGE'
  | 'CDC_TABLE'
  | 'CDC_REPLICA_IDENTITY'
  | 'CDC_PUBLICATION'
  | 'CDC_SLOT_EXISTS'
  | 'CDC_SLOT_MISSING'
  | 'CDC_SLOT_LOST'
  | 'CDC_SLOT_FOREIGN'
  | 'CDC_SLOT_IN_USE'
  | 'CDC_SLOTS_EXHAUSTED'
  | 'CDC_GAP'
  | 'CDC_FOREIGN_CLUSTER'
  | 'CDC_DIVERGED'
  | 'CDC_CHANGED'
  | 'CDC_MAPPING'
  | 'CDC_PROTOCOL'

/** An error after which the source does not go on by itself. */
export function refuse(
  reason: Refusal,
  message: string,
  hint: string,
  cause?: unknown,
  details?: unknown,
): BanyanError {
  const code = reason === 'CDC_OPTIONS' ? 'INVALID_ARGUMENT' : 'FAILED_PRECONDITION'
  return new BanyanError(code, message, { reason, hint, cause, details, outcome: 'none' })
}

/** True for what {@link refuse} made. */
export function isRefusal(error: unknown): error is BanyanError {
  return isBanyanError(error) && error.reason?.startsWith('CDC_') === true
}

/** The connection to the source is gone, or the server said something that may pass. */
export function outage(message: string, cause?: unknown): BanyanError {
  return new BanyanError('UNAVAILABLE', message, { reason: 'SOURCE_UNAVAILABLE', retryable: true, cause })
}

/** Another reader has taken over; nothing that this one still does can commit. */
export function fenced(name: string, epoch: bigint): BanyanError {
  return new BanyanError('ABORTED', `another reader has taken over the source '${name}' (epoch ${epoch} is over)`, {
    reason: 'FENCED',
    outcome: 'none',
  })
}

/** The SQLSTATE of what the server said. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/** What the server said, for messages about its own configuration. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
