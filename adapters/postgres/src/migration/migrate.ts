/**
 * Applies migrations: whoever comes first takes an advisory lock and runs what is missing, each in a transaction of its own
 * together with its row in banyan.migration; everybody else waits for the lock and finds it done.
 */
import { BanyanError } from 'banyan/core'
import type { Migration, MigrationStatus } from 'banyan/store'
import { createBuilder } from '../client/kysely.ts'
import type { Session } from '../client/session.ts'
import type { Delay } from '../client/timing.ts'
import { pause } from '../client/timing.ts'

/** Any number; the same for all hosts. Advisory locks belong to one database. */
const lockKey = '7016996765293437281'
const lockPollMs = 50

interface Applied {
  readonly name: string
  readonly checksum: string
  readonly applied_at: Date
}

/** How a run of migrations waits. */
export interface MigrateOptions {
  readonly after: Delay
  /** How long to wait for another host that migrates. */
  readonly lockTimeoutMs: number
  readonly log?: (message: string) => void
}

/** Applies what is pending of both lists, Banyan's own first; gives the states of the service's. */
export async function migrate(
  session: Session,
  own: readonly Migration[],
  given: readonly Migration[],
  options: MigrateOptions,
): Promise<readonly MigrationStatus[]> {
  await lock(session, options)
  try {
    await session.script(`
      CREATE SCHEMA IF NOT EXISTS banyan;
      CREATE TABLE IF NOT EXISTS banyan.migration (
        name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
      )`)
    await applyPending(session, own, await read(session), options)
    await applyPending(session, given, await read(session), options)
    return compare(given, await read(session))
  } finally {
    if (session.usable) await session.query('SELECT pg_advisory_unlock($1)', [lockKey]).catch(() => {})
  }
}

/** Where migrations stand, without changing anything. */
export async function readStatus(session: Session, given: readonly Migration[]): Promise<readonly MigrationStatus[]> {
  const { rows } = await session.query("SELECT to_regclass('banyan.migration') IS NOT NULL AS there")
  return compare(given, rows[0]?.there === true ? await read(session) : new Map())
}

async function lock(session: Session, options: MigrateOptions): Promise<void> {
  const attempts = Math.ceil(options.lockTimeoutMs / lockPollMs)
  for (let attempt = 0; attempt <= attempts; attempt += 1) {
    const { rows } = await session.query('SELECT pg_try_advisory_lock($1) AS locked', [lockKey])
    if (rows[0]?.locked === true) return
    await pause(options.after, lockPollMs)
  }
  throw new BanyanError('UNAVAILABLE', `another host has been migrating for more than ${options.lockTimeoutMs} ms`, {
    reason: 'MIGRATION_LOCKED',
    retryable: true,
    hint: 'Wait for it, or look for who holds the advisory lock in pg_locks.',
  })
}

async function read(session: Session): Promise<Map<string, Applied>> {
  const { rows } = await session.query('SELECT name, checksum, applied_at FROM banyan.migration ORDER BY name')
  return new Map((rows as Applied[]).map((row) => [row.name, row]))
}

function compare(given: readonly Migration[], applied: Map<string, Applied>): readonly MigrationStatus[] {
  const known = new Set(given.map((migration) => migration.name))
  const statuses = given.map(({ name, checksum }): MigrationStatus => {
    const row = applied.get(name)
    if (row === undefined) return { name, checksum, state: 'pending' }
    const state = row.checksum === checksum ? 'applied' : 'edited'
    return { name, checksum, state, appliedAt: row.applied_at.toISOString() }
  })
  for (const row of applied.values()) {
    if (known.has(row.name) || row.name.startsWith('banyan-')) continue
    statuses.push({ name: row.name, checksum: row.checksum, state: 'missing', appliedAt: row.applied_at.toISOString() })
  }
  return statuses.sort((one, other) => (one.name < other.name ? -1 : 1))
}

async function applyPending(
  session: Session,
  migrations: readonly Migration[],
  applied: Map<string, Applied>,
  options: MigrateOptions,
): Promise<void> {
  assertHistory(migrations, applied)
  for (const migration of migrations) {
    if (applied.has(migration.name)) continue
    await applyOne(session, migration)
    options.log?.(`migration ${migration.name} applied`)
  }
}

function assertHistory(migrations: readonly Migration[], applied: Map<string, Applied>): void {
  let pending: string | undefined
  for (const { name, checksum } of migrations) {
    const row = applied.get(name)
    if (row === undefined) pending ??= name
    else if (row.checksum !== checksum) throw edited(name)
    else if (pending !== undefined) throw outOfOrder(pending, name)
  }
}

async function applyOne(session: Session, migration: Migration): Promise<void> {
  const { name, checksum, up } = migration
  await session.query('BEGIN')
  try {
    await session.query('SET LOCAL statement_timeout = 0')
    await session.query('SET LOCAL idle_in_transaction_session_timeout = 0')
    if (typeof up === 'string') await session.script(up)
    else await up(createBuilder((text, values) => session.query(text, values)))
    // A script that commits on its own would leave half of itself behind when it fails.
    if (session.transactionStatus !== 'T')
      throw new Error('it ended the transaction it runs in: leave BEGIN and COMMIT out')
    await session.query('INSERT INTO banyan.migration (name, checksum) VALUES ($1, $2)', [name, checksum])
    await session.query('COMMIT')
  } catch (error) {
    if (session.usable) await session.query('ROLLBACK').catch(() => session.destroy())
    throw failed(migration, error)
  }
}

function failed(migration: Migration, error: unknown): BanyanError {
  const { message, position } = error as { message?: string; position?: string }
  const line =
    typeof migration.up === 'string' && position !== undefined ? lineOf(migration.up, Number(position)) : undefined
  const place = line === undefined ? migration.name : `${migration.name}.sql, line ${line}`
  return new BanyanError('FAILED_PRECONDITION', `migration ${place}: ${message ?? String(error)}`, {
    reason: 'MIGRATION_FAILED',
    hint: 'Nothing of it was applied. Correct the file and start again.',
    cause: error,
  })
}

function lineOf(text: string, position: number): number {
  // Postgres counts characters, not UTF-16 units.
  return [...text].slice(0, position - 1).filter((character) => character === '\n').length + 1
}

function edited(name: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `migration ${name} was edited after it had been applied`, {
    reason: 'MIGRATION_EDITED',
    hint: 'Restore the file as it was and put the change into a new migration.',
  })
}

function outOfOrder(pending: string, applied: string): BanyanError {
  return new BanyanError(
    'FAILED_PRECONDITION',
    `migration ${pending} comes before ${applied}, which is applied already`,
    {
      reason: 'MIGRATION_ORDER',
      hint: 'Give the new file a number after all applied ones.',
    },
  )
}
