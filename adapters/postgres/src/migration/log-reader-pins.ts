/** What each reader of the log kept from going in the last round of retention, for whoever looks on from elsewhere. */
import type { Migration } from 'banyan/store'
import { toMigration } from './source.ts'

const sql = `
ALTER TABLE banyan.reader
  ADD COLUMN pinned_events bigint NOT NULL DEFAULT 0,
  ADD COLUMN pinned_bytes bigint NOT NULL DEFAULT 0;
`

/** The database of the log. */
export const logReaderPins: Migration = toMigration('banyan-012-log-reader-pins', sql)
