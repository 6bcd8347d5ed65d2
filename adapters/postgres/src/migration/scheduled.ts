/**
 * Events that are published but not due. try_at is when a row is to be moved: its due time, later after a failure, so that one
 * that cannot be moved is not at the head of every batch.
 */
import type { Migration } from 'banyan/store'
import { toMigration } from './source.ts'

const sql = `
CREATE TABLE banyan.scheduled (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id uuid NOT NULL UNIQUE,
  due_at timestamptz NOT NULL,
  try_at timestamptz NOT NULL,
  type text NOT NULL,
  key text NOT NULL,
  envelope text NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  last_error text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT banyan.now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX scheduled_try_at ON banyan.scheduled (try_at, id);
`

/** See the top of the file. */
export const scheduledMigration: Migration = toMigration('banyan-005-scheduled', sql)
