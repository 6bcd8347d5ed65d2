/**
 * The outbox as a ring of four partitions, so that what was sent is thrown away by TRUNCATE: no dead row is left behind, and
 * vacuum has nothing to do that a long transaction elsewhere could keep it from doing (docs/decisions/0008).
 *
 * A row lies in the partition of bits 16 and 17 of its id: 65 536 ids one after the other, then the next partition. Lists of
 * an expression allow no primary key, so ids have an ordinary index; they are unique because their sequence is.
 */
import type { Migration } from 'banyan/store'
import { toMigration } from './source.ts'

/** Partitions of the ring. */
export const outboxParts = 4

const child = (part: number): string => `
CREATE TABLE banyan.outbox_${part} PARTITION OF banyan.outbox FOR VALUES IN (${part}) WITH (
  -- Rows go by TRUNCATE: what autovacuum would do after inserts is thrown away with them.
  autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000
);`

/** Every service's database. */
export const outboxRing: Migration = toMigration(
  'banyan-003-outbox-ring',
  `
LOCK TABLE banyan.outbox IN ACCESS EXCLUSIVE MODE;
ALTER TABLE banyan.outbox RENAME TO outbox_before;
ALTER INDEX banyan.outbox_xid RENAME TO outbox_before_xid;
CREATE TABLE banyan.outbox (
  id bigint NOT NULL DEFAULT nextval('banyan.outbox_id'),
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  event_id uuid NOT NULL,
  type text NOT NULL,
  key text NOT NULL,
  envelope text NOT NULL,
  -- For people only, so of the plain clock: asking banyan.now() was a fifth of what an event costs.
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
) PARTITION BY LIST (((id >> 16) & 3));
${Array.from({ length: outboxParts }, (_, part) => child(part)).join('')}
CREATE INDEX outbox_id_order ON banyan.outbox (id);
CREATE INDEX outbox_xid ON banyan.outbox (xid);
INSERT INTO banyan.outbox (id, xid, event_id, type, key, envelope, created_at)
  SELECT id, xid, event_id, type, key, envelope, created_at FROM banyan.outbox_before ORDER BY id;
DROP TABLE banyan.outbox_before;

CREATE TABLE banyan.outbox_position (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  cluster text NOT NULL,
  previous pg_snapshot NOT NULL,
  current pg_snapshot NOT NULL,
  last_id bigint NOT NULL,
  -- Rows that came to lie behind it since it was first set, whether or not they are still there.
  passed bigint NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE banyan.outbox_position IS 'Up to where the outbox was trimmed: what lies behind is in the log.';

CREATE FUNCTION banyan.snapshot_age(snapshot pg_snapshot) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  -- Grows with every transaction that ended: of two snapshots of one cluster the later one has the greater number.
  SELECT pg_snapshot_xmax(snapshot)::text::numeric * 1000000 - (SELECT count(*) FROM pg_snapshot_xip(snapshot))
$$;

-- Moves the position, never back; says how many rows it moved past.
CREATE FUNCTION banyan.pass_outbox(a_cluster text, a_previous pg_snapshot, a_current pg_snapshot, a_last_id bigint)
RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  old banyan.outbox_position;
  counted bigint;
BEGIN
  INSERT INTO banyan.outbox_position (cluster, previous, current, last_id, passed)
    VALUES (a_cluster, '3:3:', '3:3:', 0, 0) ON CONFLICT DO NOTHING;
  SELECT * INTO old FROM banyan.outbox_position FOR UPDATE;
  IF (banyan.snapshot_age(a_previous), a_last_id) <= (banyan.snapshot_age(old.previous), old.last_id) THEN RETURN 0; END IF;
  IF old.previous::text = a_previous::text AND old.current::text = a_current::text THEN
    SELECT count(*) INTO counted FROM banyan.outbox
      WHERE id > old.last_id AND id <= a_last_id
        AND pg_visible_in_snapshot(xid, a_current) AND NOT pg_visible_in_snapshot(xid, a_previous);
  ELSE
    SELECT count(*) INTO counted FROM banyan.outbox
      WHERE (xid >= pg_snapshot_xmax(old.previous) OR xid = ANY (ARRAY(SELECT pg_snapshot_xip(old.previous))))
        AND NOT pg_visible_in_snapshot(xid, old.previous)
        AND NOT (id <= old.last_id AND pg_visible_in_snapshot(xid, old.current))
        AND (pg_visible_in_snapshot(xid, a_previous) OR (id <= a_last_id AND pg_visible_in_snapshot(xid, a_current)));
  END IF;
  UPDATE banyan.outbox_position
    SET cluster = a_cluster, previous = a_previous, current = a_current, last_id = a_last_id, passed = passed + counted;
  RETURN counted;
END
$$;

-- True when a row of the partition does not lie behind the position.
CREATE FUNCTION banyan.outbox_part_waits(part text, at banyan.outbox_position)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  found boolean;
  candidates text := CASE WHEN at.last_id = 0 THEN '(xid >= pg_snapshot_xmax($1) OR xid = ANY ($4)) AND ' ELSE '' END;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM banyan.%I WHERE %s NOT pg_visible_in_snapshot(xid, $1)
    AND NOT (id <= $3 AND pg_visible_in_snapshot(xid, $2)))', part, candidates)
    INTO found USING at.previous, at.current, at.last_id, ARRAY(SELECT pg_snapshot_xip(at.previous));
  RETURN found;
END
$$;

-- Empties a partition when all of it lies behind the position. Says what it did: 'emptied'; 'kept' when there is nothing to
-- win or something waits in it; 'held' when another transaction uses it. Wrapped: new rows came in before old ones went. The
-- lock waits for whoever writes, so nothing uncommitted can be in the partition when it is looked at again under the lock.
-- Nobody waits for this longer than the lock timeout and the TRUNCATE.
CREATE FUNCTION banyan.empty_outbox(part_number integer, current_bytes bigint, OUT did text, OUT wrapped boolean)
LANGUAGE plpgsql VOLATILE SET lock_timeout = '50ms' AS $$
DECLARE
  part text := 'outbox_' || part_number;
  at banyan.outbox_position;
  first bigint;
  last bigint;
  worth bigint;
BEGIN
  did := 'kept';
  wrapped := false;
  SELECT * INTO at FROM banyan.outbox_position;
  IF NOT FOUND THEN RETURN; END IF;
  EXECUTE format('SELECT min(id), max(id) FROM banyan.%I', part) INTO first, last;
  wrapped := coalesce(first >> 18 <> last >> 18, false);
  -- Writers are at work where the sequence is: there only when much is to be won.
  worth := CASE WHEN (SELECT (last_value >> 16) & 3 FROM banyan.outbox_id) = part_number AND NOT wrapped THEN current_bytes
                WHEN first IS NULL THEN 1048576 ELSE 0 END;
  IF pg_total_relation_size(format('banyan.%I', part)::regclass) < worth THEN RETURN; END IF;
  IF banyan.outbox_part_waits(part, at) THEN RETURN; END IF;
  BEGIN
    EXECUTE format('LOCK TABLE ONLY banyan.%I IN ACCESS EXCLUSIVE MODE', part);
  EXCEPTION WHEN lock_not_available THEN
    did := 'held';
    RETURN;
  END;
  -- A new snapshot: this is a statement of its own.
  IF banyan.outbox_part_waits(part, at) THEN RETURN; END IF;
  EXECUTE format('TRUNCATE ONLY banyan.%I', part);
  did := 'emptied';
END
$$;
`,
)
