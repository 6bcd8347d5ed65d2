/** Which rows have been published as there: so that a row that is gone when a snapshot is taken again can be told. */
import { createHash } from 'node:crypto'
import type { Store, StoreTransaction } from 'banyan/store'
import type { Change, Row } from '../change.ts'

/** A key that was there at an earlier attempt and is not in this snapshot. */
export interface GoneKey {
  readonly schema: string
  readonly table: string
  readonly key: Row
}

interface KeyRow {
  readonly relation: string
  readonly text: string
  readonly there: boolean
}

/** The net effect of changes on keys: one write per key, however often it changed. */
export class KeyChanges {
  readonly #rows = new Map<string, KeyRow>()
  readonly #truncated = new Set<string>()

  get size(): number {
    return this.#rows.size + this.#truncated.size
  }

  add(change: Change): void {
    const relation = relationOf(change)
    if (change.op === 'truncate') return this.#truncate(relation)
    if (change.op !== 'delete' && change.oldKey !== undefined) this.#set(relation, change.oldKey, false)
    this.#set(relation, change.key, change.op !== 'delete')
  }

  /** Writes what was added, in a statement or two. */
  async write(tx: StoreTransaction, source: string, generation: number): Promise<void> {
    if (this.#truncated.size > 0)
      await tx.sql`DELETE FROM banyan.change_source_key
        WHERE source = ${source} AND relation = ANY (${[...this.#truncated]}::text[])`
    const rows = [...this.#rows.values()]
    const there = rows.filter((row) => row.there)
    const gone = rows.filter((row) => !row.there)
    if (gone.length > 0)
      await tx.sql`DELETE FROM banyan.change_source_key k
        USING unnest(${gone.map((row) => row.relation)}::text[], ${gone.map(hashOf)}::text[]) AS g (relation, hash)
        WHERE k.source = ${source} AND k.relation = g.relation AND k.key_hash = decode(g.hash, 'hex')`
    if (there.length > 0)
      await tx.sql`INSERT INTO banyan.change_source_key (source, relation, key_hash, key, generation)
        SELECT ${source}, n.relation, decode(n.hash, 'hex'), n.key, ${generation}
        FROM unnest(${there.map((row) => row.relation)}::text[], ${there.map(hashOf)}::text[],
          ${there.map((row) => row.text)}::text[]) AS n (relation, hash, key)
        ON CONFLICT (source, relation, key_hash) DO UPDATE SET generation = excluded.generation`
  }

  #set(relation: string, key: Row, there: boolean): void {
    const text = JSON.stringify(key)
    this.#rows.set(`${relation} ${text}`, { relation, text, there })
  }

  #truncate(relation: string): void {
    this.#truncated.add(relation)
    for (const [id, row] of this.#rows) if (row.relation === relation) this.#rows.delete(id)
  }
}

/** A page of keys that the snapshot of this generation did not have. */
export async function readGoneKeys(
  store: Store,
  source: string,
  generation: number,
  limit: number,
): Promise<readonly GoneKey[]> {
  const rows = await store.sql<{ relation: string; key: string }>`
    SELECT relation, key FROM banyan.change_source_key
    WHERE source = ${source} AND generation < ${generation} LIMIT ${limit}`
  return rows.map(({ relation, key }) => {
    const dot = relation.indexOf('.')
    return { schema: relation.slice(0, dot), table: relation.slice(dot + 1), key: JSON.parse(key) as Row }
  })
}

/** The table of a change, as one text. */
function relationOf(change: { readonly schema: string; readonly table: string }): string {
  return `${change.schema}.${change.table}`
}

function hashOf(row: KeyRow): string {
  return createHash('sha256').update(row.text).digest('hex')
}
