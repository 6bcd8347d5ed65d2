/** The publication: which tables, columns and rows the server sends. Made when it is missing, checked when it is there. */
import { isRefusal, messageOf, refuse } from '../errors.ts'
import type { SqlConnection } from '../protocol/connect.ts'
import { quoteName } from '../protocol/replication-connection.ts'
import type { SourceTable } from './tables.ts'

/** What of a table is published. */
export interface PublishedTable extends SourceTable {
  readonly columns: readonly { readonly name: string; readonly typeOid: number }[]
  /** A condition in SQL, when only some rows are published. */
  readonly rowFilter: string | undefined
}

/** Makes the publication when it is not there. Before the slot: the server looks it up as of the change it decodes. */
export async function ensurePublication(
  sql: SqlConnection,
  name: string,
  tables: readonly SourceTable[],
): Promise<boolean> {
  const found = await sql.ask('SELECT 1 AS there FROM pg_catalog.pg_publication WHERE pubname = $1', [name])
  if (found.length > 0) return false
  const text = createText(name, tables)
  try {
    await sql.ask(text)
    return true
  } catch (error) {
    const cause = isRefusal(error) ? error.cause : error
    if (!isRefusal(error)) throw error
    throw refuse(
      'CDC_PRIVILEGE',
      `the publication ${name} is missing: ${messageOf(cause)}`,
      `As the tables' owner: ${text}`,
      cause,
    )
  }
}

function createText(name: string, tables: readonly SourceTable[]): string {
  const list = tables.map((table) => table.sql).join(', ')
  return `CREATE PUBLICATION ${quoteName(name)} FOR TABLE ${list} WITH (publish_via_partition_root = true)`
}

const flags = `SELECT pubinsert::text, pubupdate::text, pubdelete::text, pubtruncate::text, pubviaroot::text
  FROM pg_catalog.pg_publication WHERE pubname = $1`

const published = `SELECT t.rowfilter AS filter,
    (SELECT json_agg(json_build_array(a.attname, a.atttypid::int8) ORDER BY a.attnum)
       FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = format('%I.%I', t.schemaname, t.tablename)::regclass AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attname = ANY (t.attnames) AND (a.attgenerated = '' OR $4))::text AS columns
  FROM pg_catalog.pg_publication_tables t WHERE t.pubname = $1 AND t.schemaname = $2 AND t.tablename = $3`

/** Which server generates what: only from 18 on can generated columns be published. */
const generatedPublishedFrom = 180_000

/** What is published of each table; refuses a publication that leaves out a table or a kind of change. */
export async function readPublication(
  sql: SqlConnection,
  name: string,
  tables: readonly SourceTable[],
  serverVersion: number,
): Promise<readonly PublishedTable[]> {
  const [found] = await sql.ask(flags, [name])
  const missing = ['insert', 'update', 'delete', 'truncate'].filter((kind) => found?.[`pub${kind}`] !== 'true')
  if (missing.length > 0)
    throw refuse(
      'CDC_PUBLICATION',
      `the publication ${name} leaves out ${missing.join(', ')}`,
      `ALTER PUBLICATION ${quoteName(name)} SET (publish = 'insert, update, delete, truncate')`,
    )
  if (found?.['pubviaroot'] !== 'true' && tables.some((table) => table.partitioned))
    throw refuse(
      'CDC_PUBLICATION',
      `the publication ${name} sends changes under the names of partitions`,
      `ALTER PUBLICATION ${quoteName(name)} SET (publish_via_partition_root = true)`,
    )
  const all: PublishedTable[] = []
  for (const table of tables) all.push(await readOne(sql, name, table, serverVersion))
  return all
}

async function readOne(
  sql: SqlConnection,
  publication: string,
  table: SourceTable,
  serverVersion: number,
): Promise<PublishedTable> {
  const generated = serverVersion >= generatedPublishedFrom
  const [row] = await sql.ask(published, [publication, table.schema, table.name, generated])
  if (row === undefined)
    throw refuse(
      'CDC_PUBLICATION',
      `the publication ${publication} does not have the table ${table.schema}.${table.name}`,
      `ALTER PUBLICATION ${quoteName(publication)} ADD TABLE ${table.sql}, then take a new snapshot`,
    )
  const columns = JSON.parse(row['columns'] ?? '[]') as [string, number][]
  return {
    ...table,
    columns: columns.map(([name, typeOid]) => ({ name, typeOid })),
    rowFilter: row['filter'] ?? undefined,
  }
}
