/**
 * The adapter's own tables, in the database of the service that publishes: the position commits with the events. Applied by
 * Store.migrate like any other migration; what is applied is never edited, only added to.
 *
 * change_source.revision grows with each write that moves the source on, and each such write names the one it follows: so a
 * transaction whose commit was in doubt cannot be followed by its own repetition. change_source_key holds the keys of rows
 * that were published as there, while a snapshot is taken (or always, with trackKeys); by their hash, since an index entry
 * has a limit that a key has not.
 */
import { createHash } from 'node:crypto'
import type { Migration } from 'banyan/store'

const up = `
CREATE TABLE banyan.change_source (
  name text PRIMARY KEY,
  epoch bigint NOT NULL,
  holder text,
  lease_until timestamptz NOT NULL,
  revision bigint NOT NULL DEFAULT 0,
  phase text NOT NULL DEFAULT 'new' CHECK (phase IN ('new', 'snapshot', 'streaming')),
  generation integer NOT NULL DEFAULT 0,
  slot text NOT NULL,
  system_id text,
  timeline integer,
  database text,
  tables text[],
  -- Everything that was committed below this position is in the outbox.
  position pg_lsn,
  -- Of the one transaction that is there in part: where it was committed, and how many of its changes are in the outbox.
  partial_commit pg_lsn,
  partial_changes bigint NOT NULL DEFAULT 0,
  moved_at timestamptz NOT NULL DEFAULT banyan.now()
) WITH (fillfactor = 50);

CREATE TABLE banyan.change_source_key (
  source text NOT NULL,
  relation text NOT NULL,
  key_hash bytea NOT NULL,
  key text NOT NULL,
  generation integer NOT NULL,
  PRIMARY KEY (source, relation, key_hash)
);
`

const faults = `
CREATE TABLE banyan.change_source_fault (
  source text NOT NULL,
  place text NOT NULL,
  change text NOT NULL,
  error text NOT NULL,
  failed_at timestamptz NOT NULL DEFAULT banyan.now(),
  -- Given up by a person; a place that is not was tried again, or will be.
  skipped_at timestamptz,
  skipped_by text,
  why text,
  PRIMARY KEY (source, place)
);
`

const toMigration = (name: string, sql: string): Migration => ({
  name,
  checksum: createHash('sha256').update(sql).digest('hex'),
  up: sql,
})

/** What the adapter needs in the service's database. */
export const changeSourceMigrations: readonly Migration[] = [
  toMigration('banyan-cdc-001-change-source', up),
  toMigration('banyan-cdc-002-faults', faults),
]
