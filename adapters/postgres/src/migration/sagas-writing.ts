/**
 * What hosts write of runs. A function, because each statement in them sees what the
 * one before has waited for, all in one round trip; see sagas-functions.ts for how they are planned.
 */
import { byIndex } from './sagas-functions.ts'

/** The SQLSTATE by which a write says that another entry stands in its place; the message is `<run> <place>`. */
export const otherEntryState = 'BY003'

const writing = `
-- Group write of one holder. ok: which may write; changed: whose change was done; written: how many entries are new.
-- A write with a 'most' is refused whole when more mail has come; a change with one is left out.
CREATE FUNCTION banyan.saga_write(
  writer text, ids uuid[], epochs integer[], most integer[],
  e_place integer[], e_at float8[], e_n integer[], e_seq integer[], e_kind text[], e_name text[], e_body text[],
  c_place integer[], c_state text[], c_due float8[], c_most integer[], c_note text[], c_outcome text[], c_next text[],
  starts jsonb, k_place integer[], k_key text[], m_place integer[], m_n integer[],
  OUT ok boolean[], OUT written integer, OUT changed integer[], OUT parents uuid[], OUT freed boolean
) LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  mails integer[];
  -- Where the rows lie; they are locked, so they stay there.
  tids tid[];
  one record;
BEGIN
  IF c_place IS NOT NULL THEN
    -- Parents that will be told are locked together with the rest, in one order: groups that tell each other's wait, and no more.
    SELECT array_agg(s.parent_id) INTO parents FROM banyan.saga s
    WHERE s.parent_id IS NOT NULL AND s.id = ANY (ARRAY(
      SELECT ids[c.place] FROM unnest(c_place, c_outcome) AS c (place, outcome) WHERE c.outcome IS NOT NULL));
    IF parents IS NOT NULL THEN
      PERFORM FROM banyan.saga s WHERE s.id = ANY (ids || parents) ORDER BY s.id FOR NO KEY UPDATE;
    END IF;
  END IF;

  ok := array_fill(false, ARRAY[cardinality(ids)]);
  mails := array_fill(0, ARRAY[cardinality(ids)]);
  tids := array_fill('(0,0)'::tid, ARRAY[cardinality(ids)]);
  FOR one IN
    SELECT g.place::integer AS place, s.mail, s.tid
    FROM (SELECT * FROM unnest(ids, epochs, most) WITH ORDINALITY AS g (id, epoch, most, place) ORDER BY id OFFSET 0) AS g
    CROSS JOIN LATERAL (
      SELECT s.mail, s.ctid AS tid FROM banyan.saga s
      WHERE s.id = g.id AND s.epoch = g.epoch AND s.holder = writer AND (g.most IS NULL OR s.mail <= g.most)
      LIMIT 1 FOR NO KEY UPDATE
    ) AS s
  LOOP
    ok[one.place] := true;
    mails[one.place] := one.mail;
    tids[one.place] := one.tid;
  END LOOP;

  INSERT INTO banyan.saga_entry (saga_id, at, n, seq, kind, name, body)
  SELECT ids[e.place], to_timestamp(e.at / 1000), e.n, e.seq, e.kind, e.name, e.body
  FROM unnest(e_place, e_at, e_n, e_seq, e_kind, e_name, e_body) AS e (place, at, n, seq, kind, name, body)
  WHERE ok[e.place]
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS written = ROW_COUNT;
  -- What stands there already must be the same: else two write under one epoch, and nothing of this may be done.
  IF written < (SELECT count(*) FROM unnest(e_place) AS e (place) WHERE ok[e.place]) THEN
    FOR one IN
      SELECT x.saga_id, x.n FROM unnest(e_place, e_n, e_seq, e_kind, e_body) AS e (place, n, seq, kind, body)
      CROSS JOIN LATERAL (SELECT * FROM banyan.saga_entry x WHERE x.saga_id = ids[e.place] AND x.n = e.n LIMIT 1) AS x
      WHERE ok[e.place] AND (x.seq, x.kind, x.body) IS DISTINCT FROM (e.seq, e.kind, e.body) LIMIT 1
    LOOP
      RAISE EXCEPTION '% %', one.saga_id, one.n USING ERRCODE = '${otherEntryState}';
    END LOOP;
  END IF;

  IF starts IS NOT NULL THEN
    PERFORM banyan.saga_start_all((SELECT jsonb_agg(g.start) FROM jsonb_array_elements(starts) AS g (start)
      WHERE ok[(g.start ->> 'place')::integer]));
  END IF;
  IF k_place IS NOT NULL THEN
    INSERT INTO banyan.saga_correlation (name, key, saga_id)
    SELECT s.name, k.key, s.id FROM unnest(k_place, k_key) AS k (place, key)
    CROSS JOIN LATERAL (SELECT s.id, s.name FROM banyan.saga s WHERE s.id = ids[k.place] LIMIT 1) AS s
    WHERE ok[k.place] ON CONFLICT DO NOTHING;
  END IF;
  IF m_place IS NOT NULL THEN
    -- The grant of a lock loses its id too: the same lock may be granted again.
    FOR i IN 1 .. cardinality(m_n) LOOP
      IF ok[m_place[i]] THEN
        UPDATE banyan.saga_message m SET body = NULL, id = CASE WHEN m.kind = 'lock' THEN m.id || '#' || m.n ELSE m.id END
        WHERE m.saga_id = ids[m_place[i]] AND m.n = m_n[i] AND m.body IS NOT NULL;
      END IF;
    END LOOP;
  END IF;

  IF c_place IS NOT NULL THEN
    WITH done AS (
      UPDATE banyan.saga s SET
        state = coalesce(c.state, s.state), note = c.note, outcome = c.outcome, changed_at = now.at,
        holder = CASE WHEN c.state IN ('running', 'undoing') THEN s.holder END,
        due_at = to_timestamp(c.due / 1000),
        ended_at = CASE WHEN c.outcome IS NOT NULL THEN now.at END,
        next_id = CASE WHEN c.next IS NOT NULL THEN
          (SELECT n.id FROM banyan.saga n WHERE n.name = c.next ->> 0 AND n.key = c.next ->> 1 AND n.run = (c.next ->> 2)::integer) END
      FROM (SELECT banyan.now() AS at OFFSET 0) AS now, (
        SELECT c.place, c.state, c.due, c.most, c.note, c.outcome, c.next::jsonb AS next
        FROM unnest(c_place, c_state, c_due, c_most, c_note, c_outcome, c_next) AS c (place, state, due, most, note, outcome, next)
      ) AS c
      WHERE s.ctid = tids[c.place] AND ok[c.place] AND (c.most IS NULL OR mails[c.place] <= c.most)
      RETURNING c.place, s.locked AND s.ended_at IS NOT NULL AS freed
    )
    SELECT array_agg(done.place), bool_or(done.freed) INTO changed, freed FROM done;
  END IF;
  IF k_place IS NOT NULL THEN
    UPDATE banyan.saga s SET correlated = true WHERE NOT s.correlated
      AND s.id = ANY (ARRAY(SELECT ids[k.place] FROM unnest(k_place) AS k (place) WHERE ok[k.place]));
  END IF;
END
$$;

-- Runs as JSON, due at once; those that are there by name, key and run stay as they are.
CREATE FUNCTION banyan.saga_start_all(starts jsonb) RETURNS void LANGUAGE plpgsql ${byIndex} AS $$
BEGIN
  INSERT INTO banyan.saga (id, name, version, key, run, priority, input, deadline_at, parent_id, parent_seq, traceparent, started_by,
    correlated, state, epoch, due_at, started_at, changed_at)
  SELECT g.id, g.name, g.version, g.key, g.run, g.priority, g.input, now.at + make_interval(secs => g.timeout_ms / 1000), g.parent_id,
    g.parent_seq, g.traceparent, g.started_by, jsonb_array_length(g.correlations) > 0, 'running', 0, now.at, now.at, now.at
  FROM (SELECT banyan.now() AS at OFFSET 0) AS now, jsonb_to_recordset(starts) AS g (id uuid, name text, version integer, key text,
    run integer, priority smallint, input text, timeout_ms float8, parent_id uuid, parent_seq integer, traceparent text, started_by text,
    correlations jsonb)
  ORDER BY g.name, g.key, g.run
  ON CONFLICT (name, key, run) DO NOTHING;
  INSERT INTO banyan.saga_correlation (name, key, saga_id)
  SELECT s.name, k.key, s.id FROM jsonb_to_recordset(starts) AS g (id uuid, correlations jsonb)
  CROSS JOIN LATERAL jsonb_array_elements_text(g.correlations) AS k (key)
  CROSS JOIN LATERAL (SELECT s.id, s.name FROM banyan.saga s WHERE s.id = g.id AND s.ended_at IS NULL LIMIT 1) AS s
  ON CONFLICT DO NOTHING;
END
$$;
`

/** After the tables, and what happens to runs from outside. */
export const sagaWriting: string = writing
