import { describe, expect, it } from 'vitest'
import { compareTables, readDeclaredTables, type SchemaRow, toTables } from './compare.ts'

const declaredText = `
  import type { ColumnType, Generated, JSONColumnType } from 'kysely'
  import type { states } from './contract.ts'
  interface Line { readonly sku: string }
  type State = 'open' | 'closed'
  interface Parcel { id: string; weight: number | null; kind: 1 | 2 }
  export interface ShopTables {
    parcel: Parcel
    thing: {
      id: Generated<string>
      state: State
      phase: (typeof states)[number]
      count: number
      fits: boolean
      note: string | null
      lines: JSONColumnType<Line[]>
      due_at: ColumnType<Date, never, never>
      sent_at: ColumnType<Date | null, never, never>
      odd: string | number
    }
  }`

const row = (table: string, column: string, type: string, nullable = false): SchemaRow => ({
  table_name: table,
  column_name: column,
  data_type: type,
  is_nullable: nullable ? 'YES' : 'NO',
})
const rows: readonly SchemaRow[] = [
  row('parcel', 'id', 'uuid'),
  row('parcel', 'weight', 'integer', true),
  row('parcel', 'kind', 'smallint'),
  row('thing', 'id', 'text'),
  row('thing', 'state', 'text'),
  row('thing', 'phase', 'text'),
  row('thing', 'count', 'integer'),
  row('thing', 'fits', 'boolean'),
  row('thing', 'note', 'text', true),
  row('thing', 'lines', 'jsonb'),
  row('thing', 'due_at', 'timestamp with time zone'),
  row('thing', 'sent_at', 'timestamp with time zone', true),
  row('thing', 'odd', 'point'),
]
const declared = readDeclaredTables('tables.ts', declaredText, 'ShopTables')
const without = (column: string): SchemaRow[] => rows.filter((one) => one.column_name !== column)

describe('comparing declared tables with a schema', () => {
  it('finds nothing when both say the same', () => {
    expect(compareTables(declared, toTables(rows))).toEqual([])
  })

  it.each<[string, SchemaRow[], string]>([
    ['a column is missing in the database', without('note'), 'thing.note: declared, and no migration creates it'],
    [
      'a column is not declared',
      [...rows, row('thing', 'extra', 'text')],
      'thing.extra: in the database, and not declared',
    ],
    ['a table is not declared', [...rows, row('more', 'id', 'text')], 'more: in the database, and not declared'],
    [
      'a table is missing in the database',
      rows.filter((one) => one.table_name !== 'parcel'),
      'parcel: declared, and no migration creates it',
    ],
    [
      'a number is a bigint, which arrives as text',
      [...without('count'), row('thing', 'count', 'bigint')],
      'thing.count: declared as number, in the database text',
    ],
    [
      'null is possible and not declared',
      [...without('state'), row('thing', 'state', 'text', true)],
      'thing.state: declared not null, in the database nullable',
    ],
    [
      'null is declared and not possible',
      [...without('sent_at'), row('thing', 'sent_at', 'timestamp with time zone')],
      'thing.sent_at: declared nullable, in the database not null',
    ],
  ])('says so when %s', (_, live, expected) => {
    expect(compareTables(declared, toTables(live))).toEqual([expected])
  })

  it('says so when there is no such interface', () => {
    expect(() => readDeclaredTables('tables.ts', declaredText, 'OtherTables')).toThrow("no interface 'OtherTables'")
  })
})
