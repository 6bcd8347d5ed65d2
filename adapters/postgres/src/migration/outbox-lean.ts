/**
 * The outbox at the least that an event can cost its transaction (docs/decisions/0008, "What an event costs"). The ring stays as
 * it is; two things of it go:
 *
 * - Partitions are of a column of their own instead of an expression of the id, so that a writer may name the table it means
 *   and spare Postgres the routing. Which one that is follows from the last id a writer has seen; one that is out of date
 *   writes into another partition, which is as good: a partition goes when all of it has been sent, wherever ids lie.
 * - The order of ids is a BRIN index: rows come in nearly that order, and it costs nothing where every writer meets at the
 *   right edge of a B-tree. It is brought up to date by who reads a backlog along it.
 */
import type { Migration } from 'banyan/store'
import { outboxParts } from './outbox-ring.ts'
import { toMigration } from './source.ts'

const parts = Array.from({ length: outboxParts }, (_, part) => part)

const sql = `
LOCK TABLE banyan.outbox IN ACCESS EXCLUSIVE MODE;
ALTER TABLE banyan.outbox RENAME TO outbox_before;
${parts.map((part) => `ALTER TABLE banyan.outbox_${part} RENAME TO outbox_before_${part};`).join('\n')}
DROP INDEX banyan.outbox_xid;

CREATE FUNCTION banyan.outbox_part() RETURNS smallint LANGUAGE sql VOLATILE AS $$
  SELECT ((last_value >> 16) & ${outboxParts - 1})::smallint FROM banyan.outbox_id
$$;
CREATE TABLE banyan.outbox (
  id bigint NOT NULL DEFAULT nextval('banyan.outbox_id'),
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  event_id uuid NOT NULL,
  type text NOT NULL,
  key text NOT NULL,
  envelope text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  part smallint NOT NULL DEFAULT banyan.outbox_part()
) PARTITION BY LIST (part);
${parts
  .map(
    (part) => `
CREATE TABLE banyan.outbox_${part} PARTITION OF banyan.outbox (part DEFAULT ${part}) FOR VALUES IN (${part}) WITH (
  -- Rows go by TRUNCATE: what autovacuum would do after inserts is thrown away with them.
  autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000
);`,
  )
  .join('')}
CREATE INDEX outbox_xid ON banyan.outbox (xid);
CREATE INDEX outbox_id_range ON banyan.outbox USING brin (id) WITH (pages_per_range = 16);
INSERT INTO banyan.outbox (id, xid, event_id, type, key, envelope, created_at, part)
  SELECT id, xid, event_id, type, key, envelope, created_at, (id >> 16) & ${outboxParts - 1}
  FROM banyan.outbox_before ORDER BY id;
DROP TABLE banyan.outbox_before;

CREATE FUNCTION banyan.summarize_outbox() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT sum(brin_summarize_new_values(inhrelid::regclass)) FROM pg_inherits
  WHERE inhparent = 'banyan.outbox_id_range'::regclass
$$;

-- As before, but without an index that has the first and the last id: rows lie in the order in which they came, so these are
-- in the first and in the last pages.
CREATE OR REPLACE FUNCTION banyan.empty_outbox(part_number integer, current_bytes bigint, OUT did text, OUT wrapped boolean)
LANGUAGE plpgsql VOLATILE SET lock_timeout = '50ms' AS $$
DECLARE
  part text := 'outbox_' || part_number;
  pages bigint := pg_relation_size(format('banyan.%I', part)::regclass) / current_setting('block_size')::bigint;
  at banyan.outbox_position;
  first bigint;
  last bigint;
  worth bigint;
BEGIN
  did := 'kept';
  wrapped := false;
  SELECT * INTO at FROM banyan.outbox_position;
  IF NOT FOUND THEN RETURN; END IF;
  EXECUTE format('SELECT min(id) FROM banyan.%I WHERE ctid < ''(16,0)''', part) INTO first;
  EXECUTE format('SELECT max(id) FROM banyan.%I WHERE ctid >= ''(%s,0)''', part, greatest(0, pages - 16)) INTO last;
  IF pages > 16 AND (first IS NULL OR last IS NULL) THEN
    EXECUTE format('SELECT min(id), max(id) FROM banyan.%I', part) INTO first, last;
  END IF;
  wrapped := coalesce(first >> 18 <> last >> 18, false);
  -- Writers are at work where the sequence is: there only when much is to be won.
  worth := CASE WHEN banyan.outbox_part() = part_number AND NOT wrapped THEN current_bytes
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
`

/** Every service's database. */
export const outboxLean: Migration = toMigration('banyan-011-outbox-lean', sql)
