/**
 * Runs of sagas. What is written most often is written least: a step appends a line to its journal and touches no other row, an
 * end changes the run's row once.
 *
 * Columns and indexes that need a word: due_at is NULL while a run is held, waits for a message alone, is parked or has ended, so
 * the index by which runs are taken holds what is to be taken later and nothing else, and one range of it for each name, version
 * and priority is read up to now. saga_live finds what a dead host holds. mail only grows; that is how a write knows, from the
 * row it has locked, whether anything came that its writer has not read. A consumed message keeps its id (so that a repetition is
 * known) and loses its body. Texts that are looked up are compared byte by byte. `locked` and `correlated` say that there is something to clean up, so that most ends look for nothing.
 */
import type { Migration } from 'banyan/store'
import { sagaFunctions } from './sagas-functions.ts'
import { sagaLeases } from './sagas-leases.ts'
import { sagaWriting } from './sagas-writing.ts'
import { toMigration } from './source.ts'

const tables = `
CREATE TABLE banyan.saga (
  id uuid PRIMARY KEY,
  parent_id uuid,
  next_id uuid,
  started_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  due_at timestamptz,
  deadline_at timestamptz,
  ended_at timestamptz,
  version integer NOT NULL,
  run integer NOT NULL,
  epoch integer NOT NULL,
  mail integer NOT NULL DEFAULT 0,
  parent_seq integer,
  priority smallint NOT NULL,
  locked boolean NOT NULL DEFAULT false,
  correlated boolean NOT NULL DEFAULT false,
  state text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  holder text COLLATE "C",
  traceparent text,
  started_by text NOT NULL,
  note text NOT NULL DEFAULT '',
  outcome text,
  input text NOT NULL
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000);
CREATE UNIQUE INDEX saga_start ON banyan.saga (name, key, run);
CREATE INDEX saga_due ON banyan.saga (name, version, priority, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX saga_live ON banyan.saga (holder) WHERE ended_at IS NULL;
CREATE INDEX saga_ended ON banyan.saga (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE banyan.saga_entry (
  saga_id uuid NOT NULL,
  at timestamptz NOT NULL,
  n integer NOT NULL,
  seq integer NOT NULL,
  kind text NOT NULL,
  name text NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (saga_id, n)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE banyan.saga_message (
  saga_id uuid NOT NULL,
  at timestamptz NOT NULL,
  n integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  name text NOT NULL,
  key text NOT NULL,
  -- NULL once it was consumed.
  body text,
  PRIMARY KEY (saga_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE UNIQUE INDEX saga_message_unread ON banyan.saga_message (saga_id, n) WHERE body IS NOT NULL;

CREATE TABLE banyan.saga_correlation (
  name text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  saga_id uuid NOT NULL,
  PRIMARY KEY (name, key, saga_id)
);
CREATE INDEX saga_correlation_saga ON banyan.saga_correlation (saga_id);

CREATE TABLE banyan.saga_lock (
  kind text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  owner uuid NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (kind, key)
);
CREATE INDEX saga_lock_owner ON banyan.saga_lock (owner);

CREATE TABLE banyan.saga_lock_wait (
  place bigint GENERATED ALWAYS AS IDENTITY,
  kind text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  saga_id uuid NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (kind, key, place)
);
CREATE UNIQUE INDEX saga_lock_wait_saga ON banyan.saga_lock_wait (saga_id, kind, key);

CREATE TABLE banyan.saga_host (
  holder text COLLATE "C" PRIMARY KEY,
  alive_until timestamptz NOT NULL
);
`

/** See the top of the file. */
export const sagasMigration: Migration = toMigration(
  'banyan-020-sagas',
  tables + sagaFunctions + sagaWriting + sagaLeases,
)
