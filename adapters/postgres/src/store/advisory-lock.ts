/** Names of things that transactions lock by `pg_advisory_xact_lock`, as the 64 bits that Postgres takes. */
import { createHash } from 'node:crypto'

/**
 * The number of a name of several parts: the first 8 bytes of its SHA-256, in decimal. The same in every release, since hosts
 * of two releases must lock the same.
 */
export function advisoryLock(...name: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(name)).digest().readBigInt64BE().toString()
}
