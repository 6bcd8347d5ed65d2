/** The books of both services: a line for each effect, and nothing that would prevent a second one. */
import { createHash } from 'node:crypto'
import type { Migration } from 'banyan/store'

interface Sql {
  sql<Row>(text: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]>
}

const up = `CREATE TABLE book (n bigserial PRIMARY KEY, key text NOT NULL, what text NOT NULL);
CREATE INDEX book_key ON book (key, what)`

export const bookMigrations: readonly Migration[] = [
  { name: '001-book', checksum: createHash('sha256').update(up).digest('hex'), up },
]

/** Writes a line. */
export async function write(tx: Sql, key: string, what: string): Promise<void> {
  await tx.sql`INSERT INTO book (key, what) VALUES (${key}, ${what})`
}

/** How many lines there are of each kind. */
export async function readBook(store: Sql, key: string): Promise<ReadonlyMap<string, number>> {
  const rows = await store.sql<{ what: string; n: number }>`
    SELECT what, count(*)::int AS n FROM book WHERE key = ${key} GROUP BY what`
  return new Map(rows.map(({ what, n }) => [what, n]))
}
