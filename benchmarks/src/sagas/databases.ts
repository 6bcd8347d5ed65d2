/** The one PostgreSQL of all engines, and how it counts commits. */
import { connect, type Databases, startDatabases } from '../events/databases.ts'

/** See the top of the file. */
export interface SagaDatabases extends Databases {
  /**
   * Transactions of the server that have written something so far. Engines are measured one after the other, so what is between
   * two looks is theirs (and what they do meanwhile by themselves).
   */
  written(): Promise<number>
  /** Transactions of a database that have committed; backends tell of them late, so this waits for them. */
  commits(database: string): Promise<number>
}

/** Backends that are idle tell what they did after ten seconds. */
const toldMs = 11_000

export async function startSagaDatabases(): Promise<SagaDatabases> {
  const databases = await startDatabases()
  const admin = connect(await databases.create('sagas_admin'), 1)
  return {
    ...databases,
    async written() {
      const [row] = await admin`SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next`
      return Number(row?.['next'])
    },
    async commits(database) {
      await admin`SELECT pg_stat_clear_snapshot()`
      const [row] = await admin`SELECT xact_commit FROM pg_stat_database WHERE datname = ${database}`
      return Number(row?.['xact_commit'])
    },
    async stop() {
      await admin.end({ timeout: 1 })
      await databases.stop()
    },
  }
}

/** Until what idle backends did is told. */
export function untilTold(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, toldMs))
}
