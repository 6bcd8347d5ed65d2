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
} from 'banyan/store'
import type { Statement, StatementResult } from '../client/exchange.ts'
import { advisoryLock } from './advisory-lock.ts'
import type { RunAlone } from './alone.ts'

const lookup = `SELECT fingerprint, committed, result, pg_current_xact_id()::text AS xid
  FROM (SELECT) AS one LEFT JOIN banyan.idempotency ON scope = $1 AND key = $2 AND expires_at > banyan.now()`

// A row that is there already is one that was settled without a transaction, or one past its time.
const store = `
  INSERT INTO banyan.idempotency AS i (scope, key, fingerprint, committed, result, expires_at)
  VALUES ($1, $2, $3, true, $4, banyan.now() + make_interval(secs => $5::float8 / 1000))
  ON CONFLICT (scope, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, committed = true, result = excluded.result,
        outcome = CASE WHEN i.expires_at > banyan.now() THEN i.outcome END,
        created_at = excluded.created_at, expires_at = excluded.expires_at`

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

/** What a transaction finds under its key. */
export interface Claimed {
  /** Set when a transaction committed under the key before: what it returned. */
  readonly stored?: { readonly result: unknown }
  readonly xid: string | undefined
}

/** The statements that begin a transaction that serves a key, after BEGIN. */
export function claimStatements(claim: IdempotencyClaim): readonly Statement[] {
  assertIdempotencyKey(claim.key)
  return [
    { text: 'SELECT pg_try_advisory_xact_lock($1) AS locked', values: [advisoryLock(claim.scope, claim.key)] },
    { text: lookup, values: [claim.scope, claim.key] },
  ]
}

/** Reads the answers to {@link claimStatements}. */
export function readClaim(claim: IdempotencyClaim, results: readonly (StatementResult | undefined)[]): Claimed {
  const [lock, found] = results
  const row = found?.rows[0] as
    | { fingerprint: string | null; committed: boolean; result: string | null; xid: string }
    | undefined
  if (row !== undefined && row.fingerprint !== null) {
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
  return { text: store, values: [claim.scope, claim.key, claim.fingerprint, text, claim.keepMs] }
}

/** The stored outcomes of one service. */
export function createPostgresIdempotency(run: RunAlone): Idempotency {
  return {
    async find(scope, key): Promise<IdempotencyRecord | undefined> {
      const text = `SELECT fingerprint, result, outcome FROM banyan.idempotency
        WHERE scope = $1 AND key = $2 AND expires_at > banyan.now()`
      const [row] = (await run(text, [scope, key])).rows
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

/** 64 bits of a hash: two keys that share them only ever make one of them wait. */
function fromText(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text)
}
