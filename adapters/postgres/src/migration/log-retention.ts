/**
 * The log in segments: a table for every so many events of one source, so that what is past its retention goes by DROP TABLE
 * and reading costs the same however much is kept (docs/decisions/0008).
 *
 * Segments inherit from banyan.event, so that a person can still ask it for everything; the library asks the segment. They are
 * no declarative partitions: planning over hundreds of those costs more than the read, and dropping one locks them all.
 */
import type { Migration } from 'banyan/store'
import { toMigration } from './source.ts'

/** The database of the log. */
export const logRetention: Migration = toMigration(
  'banyan-003-log-retention',
  `
LOCK TABLE banyan.source, banyan.event IN ACCESS EXCLUSIVE MODE;

CREATE TABLE banyan.segment (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  source text NOT NULL REFERENCES banyan.source ON DELETE CASCADE,
  first_offset bigint NOT NULL,
  -- Null while events are added to it.
  last_offset bigint,
  opened_at timestamptz NOT NULL DEFAULT banyan.now(),
  -- Of a closed one, once it was counted: [{ type, events, bytes, newest }], newest in milliseconds since 1970.
  types jsonb
);
CREATE INDEX segment_source ON banyan.segment (source, first_offset);
ALTER TABLE banyan.source
  ADD COLUMN segment bigint,
  -- Where the audit began to count: { cluster, ahead, since }.
  ADD COLUMN baseline jsonb;

CREATE TABLE banyan.reader (
  source text NOT NULL,
  reader_group text NOT NULL,
  cursor bigint NOT NULL,
  moved_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  PRIMARY KEY (source, reader_group)
) WITH (fillfactor = 50);

ALTER TABLE banyan.event RENAME TO event_before;
DROP INDEX banyan.event_appended_at;
ALTER INDEX banyan.event_pkey RENAME TO event_before_pkey;
CREATE TABLE banyan.event (
  source text NOT NULL,
  log_offset bigint NOT NULL,
  event_id uuid NOT NULL,
  type text NOT NULL,
  key text NOT NULL,
  envelope text NOT NULL,
  appended_at timestamptz NOT NULL
);
COMMENT ON TABLE banyan.event IS 'Empty itself: events lie in its children event_<segment>.';

CREATE FUNCTION banyan.add_segment(a_source text, a_first bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  made bigint;
BEGIN
  INSERT INTO banyan.segment (source, first_offset) VALUES (a_source, a_first) RETURNING id INTO made;
  EXECUTE format('CREATE TABLE banyan.event_%s (PRIMARY KEY (log_offset), CHECK (source = %L)) INHERITS (banyan.event)
    WITH (autovacuum_vacuum_insert_threshold = -1)', made, a_source);
  UPDATE banyan.source SET segment = made WHERE name = a_source;
  RETURN made;
END
$$;

-- Closes the segment of a source that is open, and opens the next; does nothing when that is another one by now.
CREATE FUNCTION banyan.roll_segment(a_source text, a_segment bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  at banyan.source;
BEGIN
  SELECT * INTO at FROM banyan.source WHERE name = a_source FOR UPDATE;
  IF NOT FOUND OR at.segment IS DISTINCT FROM a_segment THEN RETURN at.segment; END IF;
  UPDATE banyan.segment SET last_offset = at.last_offset WHERE id = a_segment;
  RETURN banyan.add_segment(a_source, at.last_offset + 1);
END
$$;

-- Drops a closed segment: 'dropped', or 'held' when somebody reads it just now. Nobody waits for longer than the timeout.
CREATE FUNCTION banyan.drop_segment(a_segment bigint) RETURNS text
LANGUAGE plpgsql VOLATILE SET lock_timeout = '100ms' AS $$
BEGIN
  PERFORM FROM banyan.segment WHERE id = a_segment AND last_offset IS NOT NULL FOR UPDATE;
  IF NOT FOUND THEN RETURN 'gone'; END IF;
  EXECUTE format('DROP TABLE banyan.event_%s', a_segment);
  DELETE FROM banyan.segment WHERE id = a_segment;
  RETURN 'dropped';
EXCEPTION WHEN lock_not_available THEN
  RETURN 'held';
END
$$;

DO $$
DECLARE
  held record;
  made bigint;
BEGIN
  FOR held IN SELECT source, min(log_offset) AS first FROM banyan.event_before GROUP BY source LOOP
    made := banyan.add_segment(held.source, held.first);
    EXECUTE format('INSERT INTO banyan.event_%s SELECT source, log_offset, event_id, type, key, envelope, appended_at
      FROM banyan.event_before WHERE source = %L ORDER BY log_offset', made, held.source);
  END LOOP;
END
$$;
DROP TABLE banyan.event_before;
`,
)
