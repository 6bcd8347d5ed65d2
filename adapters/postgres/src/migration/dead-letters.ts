/**
 * Dead letters that can be grouped and replayed, and the horizon of marks.
 *
 * parked.fingerprint is what failures of one kind share, '' for events that only wait. A row of replay asks for one key to be
 * given back to its consumer; it is deleted when none of the key's events is parked any more, or when one has failed again.
 * consumer.horizon: marks of events older than this may be gone. banyan.event_time is the time in a UUID of version 7, NULL
 * for others; such ids sort by time, so `event_id < banyan.event_id_at(time)` walks the primary key of banyan.mark.
 */
import type { Migration } from 'banyan/store'
import { toMigration } from './source.ts'

const sql = `
ALTER TABLE banyan.parked
  ADD COLUMN fingerprint text NOT NULL DEFAULT '',
  ADD COLUMN replays integer NOT NULL DEFAULT 0;
UPDATE banyan.parked
  SET fingerprint = substr(md5(type || ' ' || regexp_replace(error, '\\d+', '?', 'g')), 1, 12) WHERE error <> '';
CREATE INDEX parked_key ON banyan.parked (consumer_group, source, key, log_offset);
CREATE INDEX parked_event ON banyan.parked (event_id);

CREATE TABLE banyan.replay (
  consumer_group text NOT NULL,
  source text NOT NULL,
  key text NOT NULL,
  request uuid NOT NULL,
  per_second float8 NOT NULL,
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT banyan.now(),
  PRIMARY KEY (consumer_group, source, key)
);

CREATE TABLE banyan.discarded (
  consumer_group text NOT NULL,
  source text NOT NULL,
  log_offset bigint NOT NULL,
  key text NOT NULL,
  event_id uuid NOT NULL,
  type text NOT NULL,
  envelope text NOT NULL,
  attempts integer NOT NULL,
  error text NOT NULL,
  parked_at timestamptz NOT NULL,
  discarded_by text NOT NULL,
  reason text NOT NULL,
  discarded_at timestamptz NOT NULL DEFAULT banyan.now(),
  PRIMARY KEY (consumer_group, source, log_offset)
);

ALTER TABLE banyan.consumer ADD COLUMN horizon timestamptz;

CREATE FUNCTION banyan.event_time(id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN substr(id::text, 15, 1) = '7' THEN
    to_timestamp(('x' || substr(id::text, 1, 8) || substr(id::text, 10, 4))::bit(48)::bigint / 1000.0) END
$$;
CREATE FUNCTION banyan.event_id_at(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (lpad(to_hex(greatest(0, floor(extract(epoch FROM at) * 1000))::bigint), 12, '0') || repeat('0', 20))::uuid
$$;
`

/** See the top of the file. */
export const deadLettersMigration: Migration = toMigration('banyan-004-dead-letters', sql)
