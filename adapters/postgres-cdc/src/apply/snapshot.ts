/**
 * The first rows. The slot is made together with a snapshot of the database as it was at the slot's consistent point, and the
 * tables are read under that snapshot: what was committed before is in the rows, what is committed after comes in the stream,
 * and nothing is in both or in neither.
 *
 * An exported snapshot dies with its connection, so one that was interrupted is begun anew, with a new slot. Rows then come as
 * `read` again, as they are now; rows that were published at the earlier attempt and are gone since come as `delete`. So for
 * each key the last event is always the truth, and no consumer has to know that there were two attempts.
 */
import { fromAbort } from 'banyan/core'
import type { Store } from 'banyan/store'
import type { Change } from '../change.ts'
import { type Place, type Relation, toReadChange } from '../decode/relation.ts'
import type { TypeCatalog } from '../decode/types.ts'
import type { ResolvedOptions } from '../options.ts'
import type { SqlConnection } from '../protocol/connect.ts'
import { toLsnText } from '../protocol/lsn.ts'
import { quoteName, quoteText } from '../protocol/replication-connection.ts'
import type { Exported } from '../source/claim-slot.ts'
import type { PublishedTable } from '../source/publication.ts'
import type { SourceState } from '../state/position.ts'
import { readGoneKeys } from '../state/row-keys.ts'
import type { SourceStateTable } from '../state/source-state.ts'
import { Batch } from './batch.ts'
import type { Mapping } from './mapping.ts'
import type { Progress } from './progress.ts'

export interface SnapshotOptions {
  readonly options: ResolvedOptions
  readonly store: Store
  readonly table: SourceStateTable
  /** A connection on which nothing has happened yet. */
  readonly sql: SqlConnection
  readonly types: TypeCatalog
  readonly mapping: Mapping
  readonly progress: Progress
  readonly signal: AbortSignal
}

const firstPageRows = 20
const maxPageRows = 500
const goneKeysPage = 500

/** Puts the connection under the snapshot. Until then the connection that made the slot must stay idle and open. */
export async function enterSnapshot(sql: SqlConnection, exported: Exported): Promise<number> {
  await sql.ask('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  await sql.ask(`SET TRANSACTION SNAPSHOT ${quoteText(exported.snapshotName)}`)
  const [row] = await sql.ask('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8::text AS ms')
  return Number(row?.['ms'])
}

/** Publishes all rows, then what is gone since an earlier attempt; gives the state behind the last page. */
export async function copyTables(
  given: SnapshotOptions,
  state: SourceState,
  tables: readonly PublishedTable[],
  exported: Exported,
  timeMs: number,
): Promise<SourceState> {
  const copy = new Copy(given, state, toLsnText(exported.point), timeMs)
  given.progress.snapshotRows = 0
  for (const table of tables) await copy.table(table)
  await copy.flush()
  await given.sql.ask('COMMIT')
  await copy.gone()
  return copy.state
}

class Copy {
  readonly #given: SnapshotOptions
  readonly #lsn: string
  readonly #timeMs: number
  #batch: Batch
  #index = 0
  state: SourceState

  constructor(given: SnapshotOptions, state: SourceState, lsn: string, timeMs: number) {
    this.#given = given
    this.state = state
    this.#lsn = lsn
    this.#timeMs = timeMs
    this.#batch = this.#newBatch()
  }

  async table(table: PublishedTable): Promise<void> {
    const { sql, types, progress, signal, options } = this.#given
    await types.load(
      sql,
      table.columns.map((column) => column.typeOid),
    )
    const relation = toRelation(table, types)
    await sql.ask(declareCursor(table))
    for (let limit = firstPageRows; ; ) {
      if (signal.aborted) throw fromAbort(signal.reason)
      const { rows } = await sql.askRows(`FETCH FORWARD ${limit} FROM banyan_snapshot`)
      for (const row of rows) await this.#add(toReadChange(row, relation, this.#place()))
      progress.snapshotRows += rows.length
      if (rows.length < limit) break
      limit = nextLimit(rows, options.bufferBytes)
    }
    await sql.ask('CLOSE banyan_snapshot')
  }

  /** Rows that an earlier attempt published, and that this snapshot does not have. Their keys go with their events. */
  async gone(): Promise<void> {
    const { store, options, signal } = this.#given
    for (;;) {
      if (signal.aborted) throw fromAbort(signal.reason)
      const keys = await readGoneKeys(store, options.name, this.state.generation, goneKeysPage)
      for (const { schema, table, key } of keys)
        await this.#add({ op: 'delete', schema, table, key, old: undefined, ...this.#place() })
      await this.flush()
      if (keys.length === 0) return
    }
  }

  async flush(): Promise<void> {
    const { store, table, options, progress } = this.#given
    const batch = this.#batch
    if (batch.changes === 0) return
    this.state = await store.transact(async (tx) => {
      const next = await table.touch(tx, this.state)
      await batch.write(tx, options.name, next.generation)
      return next
    })
    progress.state = this.state
    progress.changes += batch.changes
    progress.events += batch.events
    progress.commits += 1
    this.#batch = this.#newBatch()
  }

  #place(): Place {
    const commit = { lsn: this.#lsn, timeMs: this.#timeMs, xid: undefined, index: this.#index }
    this.#index += 1
    return { commit, generation: this.state.generation }
  }

  async #add(change: Change): Promise<void> {
    this.#batch.add(change, this.#given.mapping(change))
    if (this.#batch.full) await this.flush()
  }

  #newBatch(): Batch {
    const { batchEvents, bufferBytes } = this.#given.options
    return new Batch({ events: batchEvents, bytes: bufferBytes }, true)
  }
}

/** So many rows as half the buffer holds, by what the last page weighed. */
function nextLimit(rows: readonly (readonly (string | null)[])[], bufferBytes: number): number {
  const bytes = rows.reduce((sum, row) => sum + row.reduce((of, value) => of + (value?.length ?? 0), 0), 0)
  const average = Math.max(1, bytes / rows.length)
  return Math.max(1, Math.min(maxPageRows, Math.floor(bufferBytes / 2 / average)))
}

/** Like the server itself copies a table: a partitioned one through its root, any other without what inherits from it. */
function declareCursor(table: PublishedTable): string {
  const columns = table.columns.map((column) => quoteName(column.name)).join(', ')
  const from = table.partitioned ? table.sql : `ONLY ${table.sql}`
  const where = table.rowFilter === undefined ? '' : ` WHERE ${table.rowFilter}`
  return `DECLARE banyan_snapshot NO SCROLL CURSOR FOR SELECT ${columns} FROM ${from}${where}`
}

function toRelation(table: PublishedTable, types: TypeCatalog): Relation {
  const names = table.columns.map((column) => column.name)
  return {
    schema: table.schema,
    name: table.name,
    columns: table.columns.map(({ name, typeOid }) => ({ name, form: types.form(typeOid) })),
    key: table.key.length === 0 ? names : names.filter((name) => table.key.includes(name)),
  }
}
