/** `transact`: attempts until one commits, fails for good, or there were enough. */
import { BanyanError, type Code, isBanyanError } from 'banyan/core'
import type { StoreTransaction, TransactOptions } from 'banyan/store'
import { type Pool, toAborted } from '../client/pool.ts'
import { FlightError, type Session } from '../client/session.ts'
import { fromSqlError, isDatabaseError, isRerunnable, sqlState } from '../client/sql-error.ts'
import { pause } from '../client/timing.ts'
import { type CommitResult, commitUnknown, judge, lastStatements, type ResolveOptions } from './commit.ts'
import { toRefusal } from './delivery-marks.ts'
import { OpenTransaction } from './open-transaction.ts'
import type { OutboxPlace } from './outbox-place.ts'
import { endPassage } from './passages.ts'
import type { SagaHints } from './postgres-saga-transaction.ts'

/** How often work is run, in all. */
export const maxTransactionAttempts = 3
const firstBackOffMs = 10

/** What transactions of one store share. */
export interface TransactContext extends ResolveOptions {
  readonly pool: Pool
  readonly random: () => number
  readonly outbox: OutboxPlace
  /** Called after a commit that published. */
  readonly published: () => void
  /** Called after a commit that scheduled events. */
  readonly scheduled: () => void
  /** Called after a commit that appended to a stream. */
  readonly appended: () => void
  /** Called after a commit, with the runs of sagas that it made due or ended. */
  readonly sagas: (hints: SagaHints) => void
}

type Work<Result> = (tx: StoreTransaction) => Promise<Result>

/** Nothing was heard of the rows that would settle a doubt. */
function isUnanswered(error: unknown): boolean {
  return isDatabaseError(error) || (isBanyanError(error) && unanswered.has(error.code))
}

const unanswered: ReadonlySet<Code> = new Set(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'CANCELLED', 'DEADLINE_EXCEEDED'])

/** How one attempt ended. */
type Attempt<Result> =
  | { readonly done: true; readonly result: Result }
  | { readonly done: false; readonly error: unknown }

/** A COMMIT of an earlier attempt of which only the next attempt can tell whether it was done. */
interface Doubt {
  cause: unknown
}

/** Runs work in a transaction; see the Store port. */
export async function transact<Result>(
  context: TransactContext,
  work: Work<Result>,
  options: TransactOptions,
): Promise<Result> {
  const doubt: Doubt = { cause: undefined }
  const settle = (error: unknown): unknown =>
    doubt.cause !== undefined && isUnanswered(error) ? commitUnknown(doubt.cause) : error
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await attemptOnce(context, work, options, doubt).catch((error: unknown) => {
      throw settle(error)
    })
    if (outcome.done) return outcome.result
    if (attempt === maxTransactionAttempts) throw settle(fromSqlError(outcome.error))
    await pause(context.after, firstBackOffMs * 2 ** attempt * context.random())
    if (options.signal?.aborted) throw settle(toAborted(options.signal))
  }
}

async function attemptOnce<Result>(
  context: TransactContext,
  work: Work<Result>,
  options: TransactOptions,
  doubt: Doubt,
): Promise<Attempt<Result>> {
  const session = await context.pool.acquire(options.signal)
  const tx = new OpenTransaction(session, options)
  try {
    return await untilAborted(session, tx, options.signal, () => runToEnd(context, session, tx, work, options, doubt))
  } catch (error) {
    tx.end()
    const cause = tx.refusal ?? unwrap(error)
    await rollBack(session, tx)
    if (isRerunnable(tx.failure) || isRerunnable(cause)) return { done: false, error: cause }
    throw isDatabaseError(cause) ? fromSqlError(cause) : cause
  } finally {
    context.pool.release(session)
  }
}

async function runToEnd<Result>(
  context: TransactContext,
  session: Session,
  tx: OpenTransaction,
  work: Work<Result>,
  options: TransactOptions,
  doubt: Doubt,
): Promise<Attempt<Result>> {
  const stored = await tx.enter()
  // Its row was found, or is not there; that of a delivery alone is met by the first statement.
  doubt.cause = undefined
  if (stored !== undefined) {
    tx.end()
    await rollBack(session, tx)
    return { done: true, result: stored.result as Result }
  }
  const result = await work(tx.handle)
  tx.end()
  if (options.signal?.aborted) throw toAborted(options.signal)
  const committed = await commit(context, session, tx, options, result)
  if (committed.state === 'failed') throw committed.error
  if (committed.state === 'again') {
    if (committed.inDoubt) doubt.cause = committed.error
    return { done: false, error: committed.error }
  }
  if (tx.events.length > 0) context.published()
  if (tx.scheduled.length > 0) context.scheduled()
  if (tx.appended) context.appended()
  context.sagas(tx.hints)
  return { done: true, result }
}

async function commit(
  context: TransactContext,
  session: Session,
  tx: OpenTransaction,
  options: TransactOptions,
  result: unknown,
): Promise<CommitResult> {
  const { idempotency, passage, readOnly = false } = options
  if (tx.idle) return { state: 'committed' }
  const last = [
    ...(passage === undefined ? [] : [endPassage(passage)]),
    ...lastStatements(tx, context.outbox, idempotency, result, readOnly || tx.xid !== undefined),
  ]
  try {
    const answers = await tx.finish(last)
    if (answers.at(-1)?.command !== 'COMMIT') return { state: 'failed', error: swallowed(tx) }
    if (tx.events.length > 0) context.outbox.learn(answers)
    return { state: 'committed' }
  } catch (error) {
    const refusal = toRefusal(options.delivery, unwrap(error))
    if (refusal !== undefined) return { state: 'failed', error: refusal }
    if (sqlState(unwrap(error)) === '25P02') return { state: 'failed', error: swallowed(tx) }
    const { incarnation } = session
    const marked = idempotency !== undefined || passage !== undefined || options.delivery !== undefined
    return judge(error, { xid: tx.xid, incarnation, eventId: tx.events[0]?.id, marked }, context.pool, context)
  }
}

/** Runs until the signal is aborted; then the statement that runs is cancelled, and its session given up. */
async function untilAborted<Result>(
  session: Session,
  tx: OpenTransaction,
  signal: AbortSignal | undefined,
  run: () => Promise<Result>,
): Promise<Result> {
  if (signal === undefined) return run()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => {
    // Once COMMIT is on its way its answer decides.
    if (tx.committing) return
    tx.end()
    if (session.busy) {
      session.cancel()
      session.destroy()
    }
    reject(toAborted(signal))
  }
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([run(), promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function rollBack(session: Session, tx: OpenTransaction): Promise<void> {
  if (!tx.begun || !session.usable) return
  await session.query('ROLLBACK').catch(() => session.destroy())
}

function unwrap(error: unknown): unknown {
  return error instanceof FlightError ? error.cause : error
}

function swallowed(tx: OpenTransaction): unknown {
  if (isRerunnable(tx.failure)) return tx.failure
  return new BanyanError('INTERNAL', 'a statement of the transaction had failed, so it was rolled back', {
    reason: 'STATEMENT_FAILED',
    outcome: 'none',
    hint: 'After an error of a statement Postgres can only roll back: do not swallow it, or use a savepoint.',
    cause: tx.failure,
  })
}
