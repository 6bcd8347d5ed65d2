/**
 * Notes and requests of bridges. Reports are text, not jsonb: they hold what foreign systems say, and jsonb refuses some of it.
 */
import type { Migration } from 'banyan/store'
import { toMigration } from './source.ts'

const sql = `
CREATE TABLE banyan.bridge (
  name text PRIMARY KEY,
  kind text NOT NULL,
  direction text NOT NULL CHECK (direction IN ('in', 'out')),
  state text NOT NULL,
  holder text NOT NULL,
  report text NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT banyan.now()
) WITH (fillfactor = 50);

CREATE TABLE banyan.bridge_request (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  bridge text NOT NULL,
  action text NOT NULL,
  detail text NOT NULL,
  asked_by text NOT NULL,
  asked_at timestamptz NOT NULL DEFAULT banyan.now(),
  taken_until timestamptz,
  ok boolean,
  message text
);
CREATE INDEX bridge_request_bridge ON banyan.bridge_request (bridge, id);
`

/** See the top of the file. */
export const bridgesMigration: Migration = toMigration('banyan-008-bridges', sql)
