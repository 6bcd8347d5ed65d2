/** The tables of the stream, as its relation messages have told them so far. A changed table is told again before its rows. */
import { keyOf, type Relation } from '../decode/relation.ts'
import type { TypeCatalog } from '../decode/types.ts'
import { refuse } from '../errors.ts'
import { type ConnectOptions, withSql } from '../protocol/connect.ts'
import type { RelationMessage } from '../protocol/pgoutput.ts'
import type { SourceTable } from '../source/tables.ts'

export class Relations {
  readonly #tables: ReadonlyMap<string, SourceTable>
  readonly #types: TypeCatalog
  readonly #connect: ConnectOptions
  readonly #byId = new Map<number, Relation | undefined>()

  constructor(tables: readonly SourceTable[], types: TypeCatalog, connect: ConnectOptions) {
    this.#tables = new Map(tables.map((table) => [`${table.schema}.${table.name}`, table]))
    this.#types = types
    this.#connect = connect
  }

  /** Learns a table; asks the catalog for types that are new. A table that is not among ours is known as such. */
  async learn(message: RelationMessage): Promise<void> {
    const table = this.#tables.get(`${message.schema}.${message.name}`)
    if (table === undefined) return void this.#byId.set(message.id, undefined)
    const oids = message.columns.map((column) => column.typeOid)
    if (this.#types.lacks(oids)) await withSql(this.#connect, (sql) => this.#types.load(sql, oids))
    this.#byId.set(message.id, {
      schema: message.schema,
      name: message.name,
      columns: message.columns.map(({ name, typeOid }) => ({ name, form: this.#types.form(typeOid) })),
      key: keyOf(message, table.key),
    })
  }

  /** The table of a row; undefined when it is not among ours. */
  find(id: number): Relation | undefined {
    if (this.#byId.has(id)) return this.#byId.get(id)
    throw refuse('CDC_PROTOCOL', `the source sent a row of a table (${id}) that it never told`, 'Report this: a fault.')
  }
}
