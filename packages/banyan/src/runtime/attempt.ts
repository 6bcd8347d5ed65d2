/** Errors as values: what `ctx.attempt` gives. */
import type { BanyanError } from '../core/error.ts'
import type { OperationShape } from './shapes.ts'

/** Success, or one of the operation's declared errors. */
export type Attempt =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: BanyanError }

/** The outcome of a call; rejects with whatever the operation does not declare. */
export async function settle(call: Promise<unknown>, operation: OperationShape): Promise<Attempt> {
  try {
    return { ok: true, value: await call }
  } catch (error) {
    const { reason } = error as BanyanError
    if (reason !== undefined && Object.hasOwn(operation.errors, reason))
      return { ok: false, error: error as BanyanError }
    throw error
  }
}
