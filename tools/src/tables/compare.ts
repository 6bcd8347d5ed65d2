// Whether an interface of tables and a live schema say the same: a column that only one of them has, another type, another
// nullability. A query builder believes the interface, so a difference shows up as a wrong value at run time, or not at all.
import type { Column, RoughType, Tables } from './declared.ts'

export type { Column, RoughType, Tables } from './declared.ts'
export { readDeclaredTables } from './declared.ts'

/** A row of `information_schema.columns`. */
export interface SchemaRow {
  readonly table_name: string
  readonly column_name: string
  readonly data_type: string
  readonly is_nullable: string
}

/** Asks for what {@link toTables} takes. */
export const schemaQuery = `select table_name, column_name, data_type, is_nullable
  from information_schema.columns where table_schema = 'public' order by table_name, ordinal_position`

/**
 * As the driver hands them out: `bigint` and `numeric` arrive as text, since a number of JavaScript cannot hold all of them.
 */
const types: Readonly<Record<string, RoughType>> = {
  text: 'text',
  'character varying': 'text',
  uuid: 'text',
  bigint: 'text',
  numeric: 'text',
  smallint: 'number',
  integer: 'number',
  real: 'number',
  'double precision': 'number',
  boolean: 'boolean',
  date: 'time',
  'timestamp with time zone': 'time',
  'timestamp without time zone': 'time',
  json: 'json',
  jsonb: 'json',
  bytea: 'bytes',
}

/** The live schema in the same form as the declared one. */
export function toTables(rows: readonly SchemaRow[]): Tables {
  const tables = new Map<string, Map<string, Column>>()
  for (const { table_name, column_name, data_type, is_nullable } of rows) {
    const columns = tables.get(table_name) ?? new Map<string, Column>()
    tables.set(
      table_name,
      columns.set(column_name, { type: types[data_type] ?? 'other', nullable: is_nullable === 'YES' }),
    )
  }
  return tables
}

/** Every difference in one line; empty when both say the same. */
export function compareTables(declared: Tables, live: Tables): readonly string[] {
  const names = [...new Set([...declared.keys(), ...live.keys()])].sort()
  return names.flatMap((name) => {
    const [here, there] = [declared.get(name), live.get(name)]
    if (there === undefined) return [`${name}: declared, and no migration creates it`]
    if (here === undefined) return [`${name}: in the database, and not declared`]
    return compareColumns(name, here, there)
  })
}

type Columns = ReadonlyMap<string, Column>

function compareColumns(table: string, declared: Columns, live: Columns): string[] {
  const names = [...new Set([...declared.keys(), ...live.keys()])].sort()
  return names.flatMap((name) => {
    const [here, there] = [declared.get(name), live.get(name)]
    const column = `${table}.${name}`
    if (there === undefined) return [`${column}: declared, and no migration creates it`]
    if (here === undefined) return [`${column}: in the database, and not declared`]
    const type = here.type === there.type ? [] : [`${column}: declared as ${here.type}, in the database ${there.type}`]
    if (here.nullable === there.nullable) return type
    return [...type, `${column}: declared ${nullability(here)}, in the database ${nullability(there)}`]
  })
}

const nullability = (column: Column): string => (column.nullable ? 'nullable' : 'not null')
