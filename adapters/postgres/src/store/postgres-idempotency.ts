/**
 * Idempotency keys in Postgres. A transaction that serves a key holds an advisory lock on it until it ends (tried, never
 * waited for: a second one is told at once) and writes the key's row together with COMMIT.
 *
 * Lock and look-up are two statements on purpose: under READ COMMITTED each has its own snapshot, so the look-up sees what
 * the previous holder of the lock committed. Under stricter isolation they share one snapshot; then the INSERT at the end
 * meets the row that was not seen, and the transaction runs again.
 */
import {
  assertIdempotencyKey,
  type Idempotency,
  type IdempotencyClaim,
  type IdempotencyRecord,
  idempotencyKeyInUse,
  idempotencyKeyReused,
  idempotencyKeyUndone,
  tombstone,
  tombstoneOf,
} from 'banyan/store'
import type { Statement, StatementResult } from '../client/exchange.ts'
import { advisoryLock } from './advisory-lock.ts'
import type { RunAlone } from './alone.ts'

const lookup = `SELECT fingerprint, committed, result, pg_current_xact_id()::text AS xid
  FROM (SELECT) AS one LEFT JOIN banyan.idempotency ON scope = $1 AND key = $2 AND expires_at > banyan.now()`

/** The same for a call of a step: a tombstone of the step comes first. */
const lookupWithin = `SELECT coalesce(t.fingerprint, i.fingerprint) AS fingerprint, i.committed, i.result,
    pg_current_xact_id()::text AS xid
  FROM (SELECT) AS one
  LEFT JOIN banyan.idempotency i ON i.scope = $1 AND i.key = $2 AND i.expires_at > banyan.now()
  LEFT JOIN banyan.idempotency t ON t.scope = $3 AND t.key = $4 AND t.expires_at > banyan.now()`

// A row that is there already is one that was settled without a transaction, or one past its time.
const store = `
  INSERT INTO banyan.idempotency AS i (scope, key, fingerprint, committed, result, expires_at)
  VALUES ($1, $2, $3, true, $4, banyan.now() + make_interval(secs => $5::float8 / 1000))
  ON CONFLICT (scope, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, committed = true, result = excluded.result,
        outcome = CASE WHEN i.expires_at > banyan.now() THEN i.outcome END,
        created_at = excluded.created_at, expires_at = excluded.expires_at`

const storeAndUndo = `
  WITH undone AS (
    INSERT INTO banyan.idempotency AS i (scope, key, fingerprint, committed, result, expires_at)
    VALUES ($6, $7, $8, false, NULL, banyan.now() + make_interval(secs => $5::float8 / 1000))
    ON CONFLICT (scope, key) DO UPDATE SET expires_at = excluded.expires_at
  )${store}`

const settle = `
  INSERT INTO banyan.idempotency AS i (scope, key, fingerprint, committed, outcome, expires_at)
  VALUES ($1, $2, $3, false, $4, banyan.now() + make_interval(secs => $5::float8 / 1000))
  ON CONFLICT (scope, key) DO UPDATE
    SET fingerprint = excluded.fingerprint,
        committed = i.committed AND i.expires_at > banyan.now(),
        result = CASE WHEN i.expires_at > banyan.now() THEN i.result END,
        outcome = CASE WHEN i.expires_at > banyan.now() THEN coalesce(i.outcome, excluded.outcome) ELSE excluded.outcome END,
        expires_at = CASE WHEN i.expires_at > banyan.now() THEN i.expires_at ELSE excluded.expires_at END
    WHERE i.fingerprint = excluded.fingerprint OR i.expires_at <= banyan.now()`

const findOne = `SELECT fingerprint, result, outcome FROM banyan.idempotency
  WHERE scope = $1 AND key = $2 AND expires_at > banyan.now()`
const findWithin = `SELECT fingerprint, result, outcome FROM banyan.idempotency
  WHERE (scope, key) IN (($1, $2), ($3, $4)) AND expires_at > banyan.now()`

/** What a transaction finds under its key. */
export interface Claimed {
  /** Set when a transaction committed under the key before: what it returned. */
  readonly stored?: { readonly result: unknown }
  readonly xid: string | undefined
}

/** The statements that begin a transaction that serves a key, after BEGIN. */
export function claimStatements(claim: IdempotencyClaim): readonly Statement[] {
  assertIdempotencyKey(claim.key)
  return [lockStatement(claim), lookupStatement(claim)]
}

/** Tries the lock of the key; calls of one step share the step's, and who takes it back has it alone. */
function lockStatement({ scope, key, within, undoes }: IdempotencyClaim): Statement {
  const values = [advisoryLock(scope, key)]
  const tries = ['pg_try_advisory_xact_lock($1)']
  for (const [step, how] of [
    [within, '_shared'],
    [undoes, ''],
  ] as const) {
    if (step === undefined) continue
    const name = tombstoneOf(step)
    values.push(advisoryLock(name.scope, name.key))
    tries.push(`pg_try_advisory_xact_lock${how}($${values.length})`)
  }
  return { text: `SELECT ${tries.join(' AND ')} AS locked`, values }
}

function lookupStatement({ scope, key, within }: IdempotencyClaim): Statement {
  if (within === undefined) return { text: lookup, values: [scope, key] }
  const step = tombstoneOf(within)
  return { text: lookupWithin, values: [scope, key, step.scope, step.key] }
}

/** Reads the answers to {@link claimStatements}. */
export function readClaim(claim: IdempotencyClaim, results: readonly (StatementResult | undefined)[]): Claimed {
  const [lock, found] = results
  const row = found?.rows[0] as
    | { fingerprint: string | null; committed: boolean; result: string | null; xid: string }
    | undefined
  if (row !== undefined && row.fingerprint !== null) {
    if (row.fingerprint === tombstone) throw idempotencyKeyUndone()
    if (row.fingerprint !== claim.fingerprint) throw idempotencyKeyReused()
    if (row.committed) return { stored: { result: fromText(row.result) }, xid: row.xid }
    throw idempotencyKeyInUse()
  }
  if (lock?.rows[0]?.locked !== true) throw idempotencyKeyInUse()
  return { xid: row?.xid }
}

/** The statement that stores the result, before COMMIT. */
export function storeStatement(claim: IdempotencyClaim, result: unknown): Statement {
  const text = result === undefined ? null : JSON.stringify(result)
  const values = [claim.scope, claim.key, claim.fingerprint, text, claim.keepMs]
  if (claim.undoes === undefined) return { text: store, values }
  const step = tombstoneOf(claim.undoes)
  return { text: storeAndUndo, values: [...values, step.scope, step.key, tombstone] }
}

/** The stored outcomes of one service. */
export function createPostgresIdempotency(run: RunAlone): Idempotency {
  return {
    async find(scope, key, within): Promise<IdempotencyRecord | undefined> {
      const step = within === undefined ? undefined : tombstoneOf(within)
      const values = step === undefined ? [scope, key] : [scope, key, step.scope, step.key]
      const rows = (await run(step === undefined ? findOne : findWithin, values)).rows
      const row = rows.find(({ fingerprint }) => fingerprint === tombstone) ?? rows[0]
      if (row === undefined) return undefined
      return { fingerprint: row.fingerprint, result: fromText(row.result), outcome: fromText(row.outcome) }
    },
    async settle(claim, outcome) {
      assertIdempotencyKey(claim.key)
      const values = [claim.scope, claim.key, claim.fingerprint, JSON.stringify(outcome) ?? null, claim.keepMs]
      if ((await run(settle, values)).rowCount === 0) throw idempotencyKeyReused()
    },
    async trim() {
      return (await run('DELETE FROM banyan.idempotency WHERE expires_at <= banyan.now()')).rowCount ?? 0
    },
  }
}

function fromText(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text)
}
