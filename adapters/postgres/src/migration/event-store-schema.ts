/**
 * The event store's tables. An event is written once and never again, so there is nothing to vacuum but the visibility map.
 *
 * stream_event.xid is the id of the top-level transaction (a row's own xmin would be that of a subtransaction); positions
 * come from a sequence with CACHE 1, drawn while the row is written, so within a stream they grow with its versions. The
 * unique (stream, version) is what lets only one of two writers through, and what makes the second wait for the first.
 * Event ids come first in their unique index because they grow with time: inserts then meet at its right edge. Data is json
 * and not jsonb: what was said is kept as it was said, and parsing it once is enough.
 */
import type { Migration } from 'banyan/store'
import { toMigration } from './source.ts'

/** Streams of events and their snapshots, in a service's own database. */
export const eventStoreMigration: Migration = toMigration(
  'banyan-006-event-store',
  `
CREATE SEQUENCE banyan.stream_position CACHE 1;
CREATE TABLE banyan.stream_event (
  position bigint PRIMARY KEY DEFAULT nextval('banyan.stream_position'),
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  stream text COLLATE "C" NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  event_id uuid NOT NULL,
  type text NOT NULL,
  major integer NOT NULL,
  data json NOT NULL,
  metadata json NOT NULL,
  appended_at timestamptz NOT NULL DEFAULT banyan.now(),
  CONSTRAINT stream_event_version UNIQUE (stream, version),
  CONSTRAINT stream_event_id UNIQUE (event_id, stream)
);
CREATE INDEX stream_event_xid ON banyan.stream_event (xid);

CREATE TABLE banyan.stream_snapshot (
  stream text COLLATE "C" PRIMARY KEY,
  version bigint NOT NULL,
  schema integer NOT NULL,
  state json NOT NULL,
  taken_at timestamptz NOT NULL DEFAULT banyan.now()
) WITH (fillfactor = 70);
`,
)
