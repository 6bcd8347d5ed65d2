/**
 * How statements about runs reach the database: many under one Sync, which is one transaction, or one after the other between
 * BEGIN and COMMIT where a person's work asks before it writes. Either is done again when it met others on the same rows.
 */
import { BanyanError } from 'banyan/core'
import { otherEntry } from 'banyan/store'
import type { Statement, StatementResult } from '../client/exchange.ts'
import type { Pool } from '../client/pool.ts'
import { FlightError, type Session } from '../client/session.ts'
import { fromSqlError, isConnectionLoss, isRerunnable, sqlState } from '../client/sql-error.ts'
import { type Delay, pause } from '../client/timing.ts'
import { otherEntryState } from '../migration/sagas-writing.ts'

/** What flights are made of. */
export interface FlightsOptions {
  readonly pool: Pool
  readonly after: Delay
  /** Randomness of back-offs, at least 0 and less than 1. */
  readonly random: () => number
}

/** Runs statements in one transaction. */
export type Flight = (statements: readonly Statement[]) => Promise<readonly StatementResult[]>

/** One statement of a transaction. */
export type Run = (text: string, values: readonly unknown[]) => Promise<StatementResult>

/** Runs work in a transaction. */
export type Transact = <Result>(work: (run: Run) => Promise<Result>) => Promise<Result>

/** How often something that met others is tried, in all. */
export const maxFlights = 5
const firstBackOffMs = 5

export function createFlights({ pool, after, random }: FlightsOptions): { flight: Flight; transact: Transact } {
  async function once<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const session = await pool.acquire()
    try {
      return await work(session)
    } finally {
      pool.release(session)
    }
  }
  async function often<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(work)
      } catch (error) {
        const cause = error instanceof FlightError ? error.cause : error
        if (isConnectionLoss(cause)) throw brokeOff(cause)
        if (sqlState(cause) === otherEntryState) throw toOtherEntry(cause)
        if (!isRerunnable(cause) || attempt === maxFlights) throw fromSqlError(cause)
        await pause(after, firstBackOffMs * 2 ** attempt * random())
      }
    }
  }
  return {
    flight: (statements) => often((session) => session.flight(statements)),
    transact: (work) => often((session) => inTransaction(session, work)),
  }
}

async function inTransaction<Result>(session: Session, work: (run: Run) => Promise<Result>): Promise<Result> {
  await session.query('BEGIN')
  try {
    const result = await work((text, values) => session.query(text, values))
    await session.query('COMMIT')
    return result
  } catch (error) {
    if (session.usable) await session.query('ROLLBACK').catch(() => session.destroy())
    throw error
  }
}

function toOtherEntry(error: unknown): BanyanError {
  const [id = '', place = '0'] = (error as Error).message.split(' ')
  return otherEntry(id, Number(place))
}

/** It may have committed before the answer was lost. */
function brokeOff(cause: unknown): BanyanError {
  return new BanyanError('UNAVAILABLE', 'the connection to the database broke while a saga was being written', {
    reason: 'COMMIT_UNKNOWN',
    outcome: 'unknown',
    hint: 'Repeat it: what was written before is known.',
    cause,
  })
}
