/** The tables that make up the ledger. */
import { createHash } from 'node:crypto'
import type { Migration } from 'banyan/store'
import { naiveOutboxMigration } from 'banyan/testing'

const sql = (name: string, up: string): Migration => ({
  name,
  checksum: createHash('sha256').update(up).digest('hex'),
  up,
})

/** The producers' database: a counter per key, and every event that was committed. */
export const producerMigrations: readonly Migration[] = [
  sql('001-account', 'CREATE TABLE account (key text PRIMARY KEY, counter int NOT NULL) WITH (fillfactor = 50)'),
  sql('002-entry', 'CREATE TABLE entry (event_id uuid PRIMARY KEY, key text NOT NULL, counter int NOT NULL)'),
  naiveOutboxMigration,
]

/** The consumers' database: no constraint, so that whatever happens can be recorded. */
export const consumerMigrations: readonly Migration[] = [
  sql(
    '001-effect',
    `CREATE TABLE effect (place bigserial PRIMARY KEY, key text NOT NULL, counter int NOT NULL, event_id uuid NOT NULL, after int NOT NULL);
     CREATE INDEX effect_key ON effect (key, counter)`,
  ),
]
