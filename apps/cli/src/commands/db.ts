/** `banyan db`: migrations and a look into a service's database, on its own role, which sees nothing of the others. */
import { loadMigrations } from '@banyan/postgres'
import { exitCodes, UsageError } from '../failure.ts'
import { type ServiceDatabase, withServiceDatabases } from '../parent/service-databases.ts'
import { printRows } from './table.ts'

/** Flags as typed. */
export interface DbFlags {
  readonly project: string
  readonly service?: readonly string[]
  readonly json?: boolean
  readonly write?: boolean
}

const open = <Result>(
  flags: DbFlags,
  services: readonly string[] | undefined,
  use: (databases: readonly ServiceDatabase[]) => Promise<Result>,
): Promise<Result> =>
  withServiceDatabases(
    { project: flags.project, ...(services && { services }), env: process.env, cwd: process.cwd() },
    use,
  )

/** Applies what is pending. */
export async function dbMigrate(flags: DbFlags): Promise<number> {
  return open(flags, flags.service, async (databases) => {
    const rows: object[] = []
    for (const { service, definition, store } of databases) {
      const migrations = await loadMigrations(definition.migrations)
      const before = new Map((await store.status(migrations)).map(({ name, state }) => [name, state]))
      for (const { name, state } of await store.migrate(migrations))
        rows.push({ service, migration: name, state: before.get(name) === 'pending' ? 'applied now' : state })
    }
    printRows(rows, flags.json === true)
    return exitCodes.ok
  })
}

/** Lists where migrations stand; 1 when one was edited or is missing. */
export async function dbStatus(flags: DbFlags): Promise<number> {
  return open(flags, flags.service, async (databases) => {
    const rows: { service: string; migration: string; state: string; applied: string }[] = []
    for (const { service, definition, store } of databases)
      for (const { name, state, appliedAt } of await store.status(await loadMigrations(definition.migrations)))
        rows.push({ service, migration: name, state, applied: appliedAt ?? '' })
    printRows(rows, flags.json === true)
    const broken = rows.some(({ state }) => state === 'edited' || state === 'missing')
    return broken ? exitCodes.failed : exitCodes.ok
  })
}

/** Runs one statement; it cannot write unless told that it may. */
export async function dbSql(service: string, statement: string, flags: DbFlags): Promise<number> {
  if (statement.trim() === '') throw new UsageError('there is no statement to run', 'banyan db sql orders "select 1"')
  return open(flags, [service], async ([database]) => {
    if (database === undefined) throw new UsageError(`service '${service}' has no database`)
    const text = Object.assign([statement], { raw: [statement] })
    const rows = await database.store.transact((tx) => tx.sql(text), { readOnly: flags.write !== true })
    printRows(rows, flags.json === true)
    return exitCodes.ok
  })
}
