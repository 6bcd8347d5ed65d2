/** Statements outside of transactions: on a session of the pool, or on one opened for the purpose. */
import { BanyanError } from 'banyan/core'
import type { StatementResult } from '../client/exchange.ts'
import type { Pool } from '../client/pool.ts'
import { FlightError, Session, type SessionOptions } from '../client/session.ts'
import { fromSqlError, isConnectionLoss, isDatabaseError, isStalePlan } from '../client/sql-error.ts'

/** Runs one statement in a transaction of its own. */
export type RunAlone = (text: string, values?: readonly unknown[], signal?: AbortSignal) => Promise<StatementResult>

/** Runs single statements on sessions of a pool. */
export function createRunner(pool: Pool): RunAlone {
  return async (text, values = [], signal) => {
    const session = await pool.acquire(signal)
    try {
      return await onSession(session, text, values)
    } catch (error) {
      throw isConnectionLoss(error) && !isRead.test(text) ? brokeOff(error) : fromSqlError(error)
    } finally {
      pool.release(session)
    }
  }
}

const isRead = /^\s*(select|show|values)\b/i

/** A statement that commits by itself may have done so before the answer was lost. */
function brokeOff(cause: unknown): BanyanError {
  return new BanyanError('UNAVAILABLE', 'the connection to the database broke while a statement was under way', {
    reason: 'STATEMENT_UNKNOWN',
    outcome: 'unknown',
    cause,
  })
}

/** A plan that no longer fits its tables was refused before it ran, so the statement may be sent again. */
async function onSession(session: Session, text: string, values: readonly unknown[]): Promise<StatementResult> {
  try {
    return await session.query(text, values)
  } catch (error) {
    if (!isStalePlan(error)) throw error
    return session.query(text, values)
  }
}

/** A connection beside the pool, closed afterwards: for work that changes its session. */
export async function alone<Result>(
  options: SessionOptions,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  let session: Session | undefined
  try {
    session = await Session.open(options)
    return await work(session)
  } catch (error) {
    const cause = error instanceof FlightError ? error.cause : error
    throw isDatabaseError(cause) ? fromSqlError(cause) : cause
  } finally {
    await session?.end()
  }
}
