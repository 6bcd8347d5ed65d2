/**
 * The end of a transaction: what goes out with COMMIT, and what to make of the answer. A COMMIT whose answer never came is
 * looked up by the transaction's id, which the flight asks for (and flushes) ahead of COMMIT; so is one that the server
 * broke off, because a FATAL may come after the commit record was written.
 *
 * A transaction's id means something only within one incarnation of the server. When PostgreSQL crashes before the id reached
 * its log, recovery knows nothing of it and the id is given out again: 'committed' is then somebody else's, and a row that the
 * transaction itself wrote has to tell. That it did not commit is believed in any case: what was committed is in the log.
 */
import { BanyanError } from 'banyan/core'
import type { IdempotencyClaim, NewEvent, NewScheduledEvent } from 'banyan/store'
import type { Statement, StatementResult } from '../client/exchange.ts'
import type { Pool } from '../client/pool.ts'
import { FlightError, type Session } from '../client/session.ts'
import { isConnectionLoss } from '../client/sql-error.ts'
import { type Delay, pause } from '../client/timing.ts'
import type { OutboxPlace } from './outbox-place.ts'
import { storeStatement } from './postgres-idempotency.ts'
import { scheduleStatement } from './postgres-scheduled.ts'

/**
 * What became of a COMMIT. `again` means that it certainly did not happen, or, in doubt, that the next run is told whether it
 * did by what the first has left.
 */
export type CommitResult =
  | { readonly state: 'committed' }
  | { readonly state: 'again'; readonly error: unknown; readonly inDoubt: boolean }
  | { readonly state: 'failed'; readonly error: unknown }

const askXid = 'SELECT pg_current_xact_id_if_assigned()::text AS xid'

/**
 * What goes out ahead of COMMIT. One answer has the transaction's id and is sent back at once; when the id is known there is
 * nothing to hear before COMMIT's own.
 */
export function lastStatements(
  { events, scheduled }: { readonly events: readonly NewEvent[]; readonly scheduled: readonly NewScheduledEvent[] },
  outbox: OutboxPlace,
  claim: IdempotencyClaim | undefined,
  result: unknown,
  knowsXid: boolean,
): readonly Statement[] {
  const statements: Statement[] = []
  if (claim !== undefined) statements.push(storeStatement(claim, result))
  if (scheduled.length > 0) statements.push(scheduleStatement(scheduled))
  if (events.length > 0) statements.push(outbox.statement(events, knowsXid))
  else if (!knowsXid) statements.push({ text: askXid })
  const last = statements.pop()
  return last === undefined ? [] : [...statements, { ...last, flush: !knowsXid }]
}

/** The transaction's id out of the answers that came: null when it had none, undefined when nothing was heard. */
export function xidOf(results: readonly StatementResult[]): string | null | undefined {
  for (const { rows } of results) if (rows[0] !== undefined && 'xid' in rows[0]) return rows[0].xid
  return undefined
}

/** How long an ambiguous commit is looked into, and how. */
export interface ResolveOptions {
  readonly after: Delay
  readonly withinMs: number
}

const resolvePollMs = 100
/** A row that is not there may have been trimmed already, so looking for longer would not make it any surer. */
const eventLookups = 10

/** By what a transaction can be found again. */
export interface Trace {
  readonly xid: string | undefined
  /** Of the server that it ran on. */
  readonly incarnation: string | undefined
  /** One of its events. */
  readonly eventId: string | undefined
  /** It has a row by which a second run is told that the first was there: an idempotency key, a delivery, a passage. */
  readonly marked: boolean
}

/** What a failed flight with COMMIT means. */
export async function judge(error: unknown, trace: Trace, pool: Pool, options: ResolveOptions): Promise<CommitResult> {
  const cause = error instanceof FlightError ? error.cause : error
  if (!isConnectionLoss(cause)) return { state: 'failed', error: cause }
  const xid = trace.xid ?? xidOf(error instanceof FlightError ? error.results : [])
  // It wrote nothing, so nothing is lost whether or not it ended well.
  if (xid === null) return { state: 'committed' }
  const state = await (xid === undefined ? findEvent(trace.eventId, pool, options) : findXid(xid, trace, pool, options))
  if (state === undefined) throw commitUnknown(cause)
  if (state === 'committed') return { state }
  return { state: 'again', error: cause, inDoubt: state === 'doubtful' }
}

// The id of a transaction that runs, or of none so far, may lie ahead of all that have ended.
const askStatus = `SELECT CASE WHEN $1::xid8 >= pg_snapshot_xmax(pg_current_snapshot()) THEN 'in progress'
  ELSE coalesce(pg_xact_status($1::xid8), 'forgotten') END AS status`

async function findXid(
  xid: string,
  trace: Trace,
  pool: Pool,
  options: ResolveOptions,
): Promise<'committed' | 'aborted' | 'doubtful' | undefined> {
  const attempts = Math.ceil(options.withinMs / resolvePollMs)
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const { row, incarnation } = await ask(pool, askStatus, xid)
    const status: string | undefined = row?.status
    const sameServer = incarnation !== undefined && incarnation === trace.incarnation
    if (status === 'aborted') return status
    if (status === 'committed') return sameServer ? status : findRows(trace, pool, options)
    if (status === 'forgotten') return undefined
    // No transaction outlives its server: whoever has the id now is another.
    if (status === 'in progress' && !sameServer && incarnation !== undefined && trace.incarnation !== undefined)
      return 'aborted'
    await pause(options.after, resolvePollMs)
  }
  return undefined
}

/** What its own rows say: one that a second run would meet decides then and there, so it may just run. */
function findRows(
  { marked, eventId }: Trace,
  pool: Pool,
  options: ResolveOptions,
): Promise<'committed' | 'doubtful' | undefined> {
  return marked ? Promise.resolve('doubtful') : findEvent(eventId, pool, options)
}

/** Nothing was heard of the last flight: an event in the outbox still proves that it was committed. */
async function findEvent(
  eventId: string | undefined,
  pool: Pool,
  { after, withinMs }: ResolveOptions,
): Promise<'committed' | undefined> {
  const attempts = eventId === undefined ? 0 : Math.min(eventLookups, Math.ceil(withinMs / resolvePollMs))
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const { row } = await ask(pool, 'SELECT 1 FROM banyan.outbox WHERE event_id = $1', eventId)
    if (row !== undefined) return 'committed'
    await pause(after, resolvePollMs)
  }
  return undefined
}

interface Answer {
  readonly row?: StatementResult['rows'][number]
  readonly incarnation?: string
}

/** Asks on a connection of its own; no row while the database cannot be asked. */
async function ask(pool: Pool, text: string, value: unknown): Promise<Answer> {
  let session: Session | undefined
  try {
    session = await pool.extra()
    const [row] = (await session.query(text, [value])).rows
    const { incarnation } = session
    return { row, ...(incarnation === undefined ? {} : { incarnation }) }
  } catch {
    return {}
  } finally {
    void session?.end()
  }
}

/** Nobody can tell whether it was done. */
export function commitUnknown(cause: unknown): BanyanError {
  return new BanyanError(
    'UNAVAILABLE',
    'the connection broke during COMMIT and it could not be found out what became of it',
    {
      reason: 'COMMIT_UNKNOWN',
      outcome: 'unknown',
      hint: 'Look the result up before doing it again, or send the same idempotency key again.',
      cause,
    },
  )
}
