/** The tables of a source as its catalog has them: that they are there, may be read, and can tell which row was changed. */
import { refuse } from '../errors.ts'
import { splitName } from '../options.ts'
import type { SqlConnection, TextRow } from '../protocol/connect.ts'
import { quoteName } from '../protocol/replication-connection.ts'

/** A table of the source. */
export interface SourceTable {
  readonly schema: string
  readonly name: string
  /** Quoted, for SQL. */
  readonly sql: string
  readonly partitioned: boolean
  /** Of the chosen index for REPLICA IDENTITY USING INDEX, else of the primary key; empty without one. */
  readonly key: readonly string[]
}

const lookUp = `SELECT c.oid::text, c.relkind::text, c.relreplident::text, c.relpersistence::text,
    (SELECT string_agg(a.attname, E'\\x01' ORDER BY k.attnum)
       FROM pg_catalog.pg_index i, unnest(i.indkey::int2[]) AS k (attnum)
       JOIN pg_catalog.pg_attribute a ON a.attnum = k.attnum
      WHERE i.indrelid = c.oid AND a.attrelid = c.oid
        AND CASE c.relreplident WHEN 'i' THEN i.indisreplident ELSE i.indisprimary END) AS key,
    has_table_privilege(c.oid, 'SELECT')::text AS readable, current_user::text AS role
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = $2`

/** Looks all of them up; refuses the first that cannot be read, saying what to do. */
export async function readTables(sql: SqlConnection, names: readonly string[]): Promise<readonly SourceTable[]> {
  const tables: SourceTable[] = []
  for (const given of names) {
    const [schema, name] = splitName(given)
    const [row] = await sql.ask(lookUp, [schema, name])
    tables.push(toTable(schema, name, row))
  }
  return tables
}

function toTable(schema: string, name: string, row: TextRow | undefined): SourceTable {
  const shown = `${schema}.${name}`
  const quoted = `${quoteName(schema)}.${quoteName(name)}`
  if (row === undefined)
    throw refuse(
      'CDC_TABLE',
      `the source has no table ${shown}`,
      "Check the option 'tables'; names are case sensitive.",
    )
  if (row['relkind'] !== 'r' && row['relkind'] !== 'p')
    throw refuse(
      'CDC_TABLE',
      `${shown} is not a table`,
      'Only tables have changes: views, sequences and others do not.',
    )
  if (row['relpersistence'] !== 'p')
    throw refuse(
      'CDC_TABLE',
      `${shown} is unlogged or temporary, so its changes are nowhere`,
      `ALTER TABLE ${quoted} SET LOGGED`,
    )
  if (row['readable'] !== 'true')
    throw refuse(
      'CDC_PRIVILEGE',
      `the role ${row['role']} may not read ${shown}`,
      `GRANT SELECT ON ${quoted} TO ${row['role']}`,
    )
  const key = row['key'] === null ? [] : (row['key'] ?? '').split('\x01')
  assertIdentity(shown, quoted, row['relreplident'] ?? 'd', key)
  return { schema, name, sql: quoted, partitioned: row['relkind'] === 'p', key }
}

function assertIdentity(shown: string, quoted: string, identity: string, key: readonly string[]): void {
  const tells = identity === 'f' || (identity === 'i' && key.length > 0) || (identity === 'd' && key.length > 0)
  if (tells) return
  throw refuse(
    'CDC_REPLICA_IDENTITY',
    `${shown} has no replica identity: in a publication its UPDATEs and DELETEs would fail at the source`,
    `Give it a primary key, or: ALTER TABLE ${quoted} REPLICA IDENTITY FULL`,
  )
}
