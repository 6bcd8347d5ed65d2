/** Who advances which run: taking what is due, saying that a host lives, and reading what a taken run needs. */
import { byIndex } from './sagas-functions.ts'

const taking = `
CREATE FUNCTION banyan.saga_length(run_id uuid) RETURNS integer LANGUAGE plpgsql STABLE ${byIndex} AS $$
BEGIN
  RETURN coalesce((SELECT e.n FROM banyan.saga_entry e WHERE e.saga_id = run_id ORDER BY e.n DESC LIMIT 1), 0);
END
$$;

-- Journals behind some places.
CREATE FUNCTION banyan.saga_entries(ids uuid[], after integer[]) RETURNS SETOF banyan.saga_entry LANGUAGE plpgsql STABLE ${byIndex} AS $$
BEGIN
  RETURN QUERY SELECT e.* FROM unnest(ids, after) AS g (id, place)
    CROSS JOIN LATERAL (SELECT * FROM banyan.saga_entry e WHERE e.saga_id = g.id AND e.n > g.place ORDER BY e.n OFFSET 0) AS e;
END
$$;

-- Unread messages, in order.
CREATE FUNCTION banyan.saga_unread(ids uuid[], after integer) RETURNS SETOF banyan.saga_message LANGUAGE plpgsql STABLE ${byIndex} AS $$
BEGIN
  RETURN QUERY SELECT m.* FROM unnest(ids) AS g (id) CROSS JOIN LATERAL (
    SELECT * FROM banyan.saga_message m WHERE m.saga_id = g.id AND m.n > after AND m.body IS NOT NULL ORDER BY m.n OFFSET 0
  ) AS m;
END
$$;

-- Runs by what their start is idempotent by.
CREATE FUNCTION banyan.saga_started(names text[], keys text[], runs integer[]) RETURNS SETOF banyan.saga LANGUAGE plpgsql STABLE ${byIndex} AS $$
BEGIN
  RETURN QUERY SELECT s.* FROM unnest(names, keys, runs) AS g (name, key, run) CROSS JOIN LATERAL (
    SELECT * FROM banyan.saga s WHERE s.name = g.name AND s.key = g.key AND s.run = g.run LIMIT 1
  ) AS s;
END
$$;

-- Takes what is due, in turn from each name; all, or those of some ids. were_due is one more than was asked for when there are more.
CREATE FUNCTION banyan.saga_take(taker text, names text[], versions integer[], most integer, only_ids uuid[])
RETURNS TABLE (saga banyan.saga, length integer, were_due integer) LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  at timestamptz := banyan.now();
  picked uuid[];
BEGIN
  IF only_ids IS NULL THEN
    WITH due AS MATERIALIZED (
      SELECT s.id, k.name, p.priority, s.due_at
      FROM unnest(names, versions) AS k (name, version) CROSS JOIN (VALUES (0::smallint), (1::smallint), (2::smallint)) AS p (priority)
      CROSS JOIN LATERAL (
        SELECT s.id, s.due_at FROM banyan.saga s
        WHERE s.name = k.name AND s.version = k.version AND s.priority = p.priority AND s.due_at <= at
        ORDER BY s.due_at LIMIT most + 1 FOR NO KEY UPDATE SKIP LOCKED
      ) AS s
    )
    SELECT array_agg(d.id) FILTER (WHERE d.place <= most), count(*)::integer INTO picked, were_due FROM (
      SELECT d.id, row_number() OVER (ORDER BY d.turn, d.priority, d.due_at) AS place FROM (
        SELECT *, row_number() OVER (PARTITION BY due.name ORDER BY due.priority, due.due_at) AS turn FROM due
      ) AS d
    ) AS d;
  ELSE
    WITH due AS MATERIALIZED (
      SELECT s.id FROM banyan.saga s
      WHERE s.id = ANY (only_ids) AND s.due_at <= at
        AND EXISTS (SELECT FROM unnest(names, versions) AS k (name, version) WHERE k.name = s.name AND k.version = s.version)
      LIMIT most + 1 FOR NO KEY UPDATE SKIP LOCKED
    )
    SELECT array_agg(d.id) FILTER (WHERE d.place <= most), count(*)::integer INTO picked, were_due
    FROM (SELECT due.id, row_number() OVER () AS place FROM due) AS d;
  END IF;
  FOR saga IN
    UPDATE banyan.saga s SET epoch = s.epoch + 1, holder = taker, due_at = NULL, changed_at = at WHERE s.id = ANY (picked) RETURNING s.*
  LOOP
    length := banyan.saga_length(saga.id);
    RETURN NEXT;
  END LOOP;
END
$$;

-- Milliseconds until the next is due, less than 0 when it should have been; NULL when none is.
CREATE FUNCTION banyan.saga_next_in(names text[], versions integer[]) RETURNS float8 LANGUAGE plpgsql ${byIndex} AS $$
BEGIN
  RETURN (
    SELECT (extract(epoch FROM min(s.due_at) - banyan.now()) * 1000)::float8
    FROM unnest(names, versions) AS k (name, version) CROSS JOIN (VALUES (0::smallint), (1::smallint), (2::smallint)) AS p (priority)
    CROSS JOIN LATERAL (
      SELECT s.due_at FROM banyan.saga s
      WHERE s.name = k.name AND s.version = k.version AND s.priority = p.priority AND s.due_at IS NOT NULL
      ORDER BY s.due_at LIMIT 1
    ) AS s);
END
$$;
`

const living = `
-- Says that a host lives, and lets go what dead ones hold: those whose time is over, those that nobody knows, and earlier
-- incarnations of this one. The holders of live runs are found by one look into the index for each. A row that is locked is being
-- written, by a host that may have been dead a moment ago; the next beat looks again.
CREATE FUNCTION banyan.saga_beat(me text, lease_ms float8, most integer, ids uuid[], reads integer[],
  OUT reaped uuid[], OUT mail uuid[], OUT lost uuid[]) LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  at timestamptz := banyan.now();
BEGIN
  INSERT INTO banyan.saga_host (holder, alive_until) VALUES (me, at + make_interval(secs => lease_ms / 1000))
  ON CONFLICT (holder) DO UPDATE SET alive_until = excluded.alive_until;
  WITH RECURSIVE holders AS (
    (SELECT s.holder FROM banyan.saga s WHERE s.ended_at IS NULL AND s.holder IS NOT NULL ORDER BY s.holder LIMIT 1)
    UNION ALL
    SELECT (SELECT s.holder FROM banyan.saga s WHERE s.ended_at IS NULL AND s.holder > h.holder ORDER BY s.holder LIMIT 1)
    FROM holders h WHERE h.holder IS NOT NULL
  ),
  dead AS MATERIALIZED (
    SELECT h.holder FROM holders h LEFT JOIN banyan.saga_host a ON a.holder = h.holder
    WHERE h.holder <> me AND (a.holder IS NULL OR a.alive_until <= at OR split_part(h.holder, '#', 1) = split_part(me, '#', 1))
  ),
  picked AS MATERIALIZED (
    SELECT s.id FROM dead CROSS JOIN LATERAL (
      SELECT s.id FROM banyan.saga s WHERE s.ended_at IS NULL AND s.holder = dead.holder LIMIT most FOR NO KEY UPDATE SKIP LOCKED
    ) AS s LIMIT most
  ),
  free AS (
    UPDATE banyan.saga s SET epoch = s.epoch + 1, holder = NULL, due_at = at
    WHERE s.id = ANY (ARRAY(SELECT picked.id FROM picked)) RETURNING s.id
  )
  SELECT array_agg(free.id) INTO reaped FROM free;
  -- What this host has by the books and knows nothing of: the answer to a take or a start was lost.
  WITH picked AS MATERIALIZED (
    SELECT s.id FROM banyan.saga s
    WHERE s.ended_at IS NULL AND s.holder = me AND s.changed_at <= at - make_interval(secs => lease_ms / 2000) AND s.id <> ALL (ids)
    LIMIT most FOR NO KEY UPDATE SKIP LOCKED
  ),
  free AS (
    UPDATE banyan.saga s SET epoch = s.epoch + 1, holder = NULL, due_at = at
    WHERE s.id = ANY (ARRAY(SELECT picked.id FROM picked)) RETURNING s.id
  )
  SELECT array_cat(reaped, array_agg(free.id)) INTO reaped FROM free;
  DELETE FROM banyan.saga_host h WHERE h.holder <> me
    AND (h.alive_until <= at OR split_part(h.holder, '#', 1) = split_part(me, '#', 1));
  SELECT array_agg(g.id) FILTER (WHERE s.mail > g.read), array_agg(g.id) FILTER (WHERE s.id IS NULL) INTO mail, lost
  FROM unnest(ids, reads) AS g (id, read)
  LEFT JOIN LATERAL (SELECT s.id, s.mail FROM banyan.saga s WHERE s.id = g.id AND s.holder = me LIMIT 1) AS s ON true;
END
$$;
`

/** After the tables, and what happens to runs from outside. */
export const sagaLeases: string = taking + living
