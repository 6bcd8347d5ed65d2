/**
 * Banyan's own tables in a service's database, as migrations like any others: what is applied is never edited, only added
 * to. All lie in the schema `banyan`, so that the service's own names are free.
 *
 * Columns that need a word: outbox.xid is the id of the top-level transaction (a row's own xmin would be that of a
 * subtransaction); outbox ids come from a sequence with CACHE 1, since cached ones would not grow with time across sessions;
 * consumer has a unique index that contains the epoch, so that an UPDATE of the epoch (a take-over) conflicts with FOR KEY
 * SHARE (an effect that is being applied), while keeping a lease or moving the low-water mark does not; mark's BRIN index
 * costs next to nothing on insert and finds old rows, because they were inserted in order of time.
 */
import type { Migration } from 'banyan/store'
import { bridgesMigration } from './bridges-schema.ts'
import { clockMigration } from './clock.ts'
import { deadLettersMigration } from './dead-letters.ts'
import { eventStoreMigration } from './event-store-schema.ts'
import { incarnationMigration } from './incarnation-schema.ts'
import { logReaderPins } from './log-reader-pins.ts'
import { logRetention } from './log-retention.ts'
import { outboxLean } from './outbox-lean.ts'
import { outboxRing } from './outbox-ring.ts'
import { passagesMigration } from './passages-schema.ts'
import { projectionBuildsMigration } from './projection-builds.ts'
import { projectionMigration } from './projection-schema.ts'
import { refusalMigration } from './refusal-schema.ts'
import { sagasChildren } from './sagas-children.ts'
import { sagasParked } from './sagas-parked.ts'
import { sagasMigration } from './sagas-schema.ts'
import { scheduledMigration } from './scheduled.ts'
import { toMigration } from './source.ts'

const clock = `
CREATE TABLE banyan.clock (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  shift interval NOT NULL DEFAULT '0'
);
INSERT INTO banyan.clock DEFAULT VALUES;
COMMENT ON TABLE banyan.clock IS 'What banyan.now() adds to the clock of the machine; other than zero in tests only.';

CREATE FUNCTION banyan.now() RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN clock_timestamp() + (SELECT shift FROM banyan.clock);
END
$$;
`

const store = `
CREATE TABLE banyan.meta (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  cluster text NOT NULL
);

-- A database that was restored elsewhere has the same id, but not the same cluster or oid.
CREATE FUNCTION banyan.cluster() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT (SELECT system_identifier FROM pg_control_system()) || '/' ||
         (SELECT oid FROM pg_database WHERE datname = current_database())
$$;
INSERT INTO banyan.meta (cluster) SELECT banyan.cluster();

CREATE SEQUENCE banyan.outbox_id CACHE 1;
CREATE TABLE banyan.outbox (
  id bigint PRIMARY KEY DEFAULT nextval('banyan.outbox_id'),
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  event_id uuid NOT NULL,
  type text NOT NULL,
  key text NOT NULL,
  envelope text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT banyan.now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX outbox_xid ON banyan.outbox (xid);

CREATE TABLE banyan.consumer (
  consumer_group text NOT NULL,
  source text NOT NULL,
  epoch bigint NOT NULL,
  holder text,
  lease_until timestamptz NOT NULL,
  low_water bigint NOT NULL,
  PRIMARY KEY (consumer_group, source),
  UNIQUE (consumer_group, source, epoch)
) WITH (fillfactor = 50);

CREATE TABLE banyan.mark (
  consumer_group text NOT NULL,
  event_id uuid NOT NULL,
  source text NOT NULL,
  log_offset bigint NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT banyan.now(),
  PRIMARY KEY (consumer_group, event_id)
);
CREATE INDEX mark_applied_at ON banyan.mark USING brin (applied_at);

CREATE TABLE banyan.attempt (
  consumer_group text NOT NULL,
  event_id uuid NOT NULL,
  source text NOT NULL,
  failures integer NOT NULL,
  last_error text NOT NULL,
  failed_at timestamptz NOT NULL DEFAULT banyan.now(),
  PRIMARY KEY (consumer_group, event_id)
);

CREATE TABLE banyan.parked (
  consumer_group text NOT NULL,
  source text NOT NULL,
  log_offset bigint NOT NULL,
  key text NOT NULL,
  event_id uuid NOT NULL,
  type text NOT NULL,
  envelope text NOT NULL,
  attempts integer NOT NULL,
  error text NOT NULL,
  parked_at timestamptz NOT NULL DEFAULT banyan.now(),
  PRIMARY KEY (consumer_group, source, log_offset)
);

CREATE TABLE banyan.idempotency (
  scope text NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  fingerprint text NOT NULL,
  -- False while only the final answer of an operation without a transaction is known.
  committed boolean NOT NULL,
  result text,
  outcome text,
  created_at timestamptz NOT NULL DEFAULT banyan.now(),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_expires_at ON banyan.idempotency (expires_at);
`

/** Every service's database, in order. */
export const storeMigrations: readonly Migration[] = [
  toMigration('banyan-001-clock', clock),
  toMigration('banyan-002-store', store),
  outboxRing,
  deadLettersMigration,
  scheduledMigration,
  eventStoreMigration,
  projectionMigration,
  bridgesMigration,
  passagesMigration,
  clockMigration,
  outboxLean,
  refusalMigration,
  projectionBuildsMigration,
  sagasMigration,
  incarnationMigration,
  sagasParked,
  sagasChildren,
]

/** The database of the log, in order. */
export const busMigrations: readonly Migration[] = [
  toMigration('banyan-001-clock', clock),
  toMigration(
    'banyan-002-log',
    `
CREATE TABLE banyan.source (
  name text PRIMARY KEY,
  epoch bigint NOT NULL,
  holder text,
  lease_until timestamptz NOT NULL,
  -- Where the source's outbox was read up to, written by the transaction that appended what was read.
  cursor jsonb,
  last_offset bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE banyan.event (
  source text NOT NULL,
  log_offset bigint NOT NULL,
  event_id uuid NOT NULL,
  type text NOT NULL,
  key text NOT NULL,
  envelope text NOT NULL,
  appended_at timestamptz NOT NULL,
  PRIMARY KEY (source, log_offset)
);
CREATE INDEX event_appended_at ON banyan.event USING brin (appended_at);
`,
  ),
  logRetention,
  clockMigration,
  logReaderPins,
]
