/** Errors as a person at a terminal sees them: one line, a hint below; the stack only when asked for. */
import { isBanyanError } from 'banyan/core'

/** How the command ends: 0 well, 1 something is wrong, 2 it was called wrongly. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const

/** A command that was called wrongly. */
export class UsageError extends Error {
  readonly hint: string | undefined
  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

/** Something that is wrong and that a person can put right. */
export class CommandError extends Error {
  readonly hint: string | undefined
  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(message, options)
    this.hint = hint
  }
}

function hintOf(error: unknown): string | undefined {
  const hint = (error as { hint?: unknown } | null | undefined)?.hint
  return typeof hint === 'string' ? hint : undefined
}

/** Causes followed to the first that says something new. */
const maxCauses = 5

/**
 * The message, with that of its cause: what is kept from the callers of a service ("the database is not available") is just
 * what a person at the terminal needs to know.
 */
export function toMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  let { cause } = error
  for (let depth = 0; depth < maxCauses && cause instanceof Error; depth++) {
    const { message } = cause
    if (cause instanceof AggregateError && message === '') cause = cause.errors[0]
    else if (message !== '' && !error.message.includes(message)) return `${error.message}: ${message}`
    else cause = cause.cause
  }
  return error.message
}

/** The text for the terminal; stack and causes with BANYAN_DEBUG=1. */
export function formatFailure(error: unknown, debug: boolean): string {
  if (debug && error instanceof Error) return `${error.stack ?? error.message}${causeOf(error)}`
  const message = toMessage(error)
  const hint = hintOf(error)
  const unforeseen = error instanceof Error && !isForeseen(error)
  const more = unforeseen ? 'Set BANYAN_DEBUG=1 to see where it comes from.' : undefined
  return [`banyan: ${message}`, hint ?? more].filter((line) => line !== undefined).join('\n  ')
}

/** The same for a program. */
export function toFailureDocument(error: unknown): object {
  const { code, reason } = (error ?? {}) as { code?: unknown; reason?: unknown }
  const message = toMessage(error)
  return { error: { message, hint: hintOf(error), code, reason } }
}

export function exitCodeOf(error: unknown): number {
  return error instanceof UsageError ? exitCodes.usage : exitCodes.failed
}

function isForeseen(error: Error): boolean {
  return (
    error instanceof UsageError || error instanceof CommandError || isBanyanError(error) || hintOf(error) !== undefined
  )
}

function causeOf(error: Error): string {
  return error.cause instanceof Error ? `\nCaused by: ${error.cause.stack ?? error.cause.message}` : ''
}
