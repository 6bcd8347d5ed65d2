/**
 * Passages: stretches of a log that a group has applied as a whole. A row stands for the marks of all its events: sixteen bytes
 * for each and no index entry, which is what filling a read model of millions of events can afford. The ids are not compressed,
 * for they would not get smaller.
 */
import type { Migration } from 'banyan/store'
import { toMigration } from './source.ts'

const sql = `
CREATE TABLE banyan.passage (
  consumer_group text NOT NULL,
  source text NOT NULL,
  last_offset bigint NOT NULL,
  -- The lowest and the highest id.
  from_id uuid NOT NULL,
  to_id uuid NOT NULL,
  event_ids uuid[] NOT NULL,
  PRIMARY KEY (consumer_group, source, last_offset)
);
ALTER TABLE banyan.passage ALTER COLUMN event_ids SET STORAGE EXTERNAL;
CREATE INDEX passage_ids ON banyan.passage (consumer_group, to_id);
`

/** See the top of the file. */
export const passagesMigration: Migration = toMigration('banyan-009-passages', sql)
