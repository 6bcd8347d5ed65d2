/** What the oids of a database mean: arrays by their element, domains by what they stand on. Asked once per oid. */
import type { SqlConnection } from '../protocol/connect.ts'
import { scalarForm, type TypeForm } from './value.ts'

/** Domains on domains on arrays …; nobody has more. */
const maxDepth = 8

const catalog = `SELECT t.oid::text, t.typtype::text, t.typbasetype::text,
    CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem END::text AS element,
    (SELECT e.typdelim FROM pg_catalog.pg_type e WHERE e.oid = t.typelem)::text AS delimiter
  FROM pg_catalog.pg_type t WHERE t.oid = ANY($1::oid[])`

/** The types that were asked for so far. */
export class TypeCatalog {
  readonly #forms = new Map<number, TypeForm>()

  /** How a type is read; as text until it was loaded. */
  form(oid: number): TypeForm {
    return this.#forms.get(oid) ?? scalarForm(oid)
  }

  /** True when one of them was not asked for yet. */
  lacks(oids: readonly number[]): boolean {
    return oids.some((oid) => !this.#forms.has(oid))
  }

  /** Asks for those that are not known. A type that is gone by now is read as text. */
  async load(sql: SqlConnection, oids: readonly number[], depth = 0): Promise<void> {
    const missing = [...new Set(oids.filter((oid) => !this.#forms.has(oid)))]
    if (missing.length === 0 || depth > maxDepth) return
    const rows = await sql.ask(catalog, [missing])
    const below = rows.map((row) => Number(row['element'] ?? row['typbasetype'])).filter((oid) => oid !== 0)
    await this.load(sql, below, depth + 1)
    for (const oid of missing) {
      const row = rows.find((one) => Number(one['oid']) === oid)
      this.#forms.set(oid, row === undefined ? scalarForm(oid) : this.#toForm(oid, row))
    }
  }

  #toForm(oid: number, row: Readonly<Record<string, string | null>>): TypeForm {
    if (row['typtype'] === 'd') return this.form(Number(row['typbasetype']))
    if (row['element'] === null || row['element'] === undefined) return scalarForm(oid)
    return { kind: 'array', element: this.form(Number(row['element'])), delimiter: row['delimiter'] ?? ',' }
  }
}
