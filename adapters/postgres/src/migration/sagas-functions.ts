/**
 * What happens to a run from outside of it: it is told something, it asks for a lock, it ends. Functions, because each of their
 * statements then sees what the one before it has waited for, in one round trip and whoever calls: a host, a person's hand, the
 * end of a child.
 */
import { maxMailbox } from 'banyan/store'

/**
 * Every function is planned for tables as they will be. A plan that is made (and kept) while a table is empty reads all of it for
 * every run until the next ANALYZE, which was measured to be 20 times slower within seconds. With these settings, and with joins
 * written as lookups (`= ANY`, LATERAL … LIMIT 1), nothing but the right index is left.
 */
export const byIndex = `SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off
  SET plan_cache_mode = force_generic_plan`

/** Any two numbers: 'saga' and 'lock' in ASCII. Who begins to wait holds it, so circles are looked for one at a time. */
const lineLock = 'pg_advisory_xact_lock(1935763297, 1819239275)'

const telling = `
-- Puts a message into a mailbox; says 'sent', 'repeated', 'ended', 'unknown' or 'full'.
CREATE FUNCTION banyan.saga_tell(run_id uuid, message_id text, message_kind text, message_name text, message_key text, message_body text)
RETURNS text LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  run record;
  at timestamptz;
BEGIN
  SELECT s.mail, s.ended_at INTO run FROM banyan.saga s WHERE s.id = run_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN 'unknown'; END IF;
  IF run.ended_at IS NOT NULL THEN RETURN 'ended'; END IF;
  PERFORM FROM banyan.saga_message m WHERE m.saga_id = run_id AND m.id = message_id;
  IF FOUND THEN RETURN 'repeated'; END IF;
  IF run.mail >= ${maxMailbox} AND message_kind NOT IN ('cancel', 'person', 'child', 'lock') AND ${maxMailbox} <=
    (SELECT count(*) FROM banyan.saga_message m WHERE m.saga_id = run_id AND m.body IS NOT NULL) THEN RETURN 'full'; END IF;
  at := banyan.now();
  INSERT INTO banyan.saga_message (saga_id, at, n, id, kind, name, key, body)
  VALUES (run_id, at, run.mail + 1, message_id, message_kind, message_name, message_key, message_body);
  UPDATE banyan.saga s SET mail = run.mail + 1,
    due_at = CASE WHEN s.holder IS NULL AND s.state <> 'parked' THEN least(s.due_at, at) ELSE s.due_at END
  WHERE s.id = run_id;
  RETURN 'sent';
END
$$;

-- The same for all that have a key, in the order of their ids. One that has gone on as a new run meanwhile is followed.
CREATE FUNCTION banyan.saga_deliver(names text[], message_id text, message_kind text, message_name text, message_key text, message_body text)
RETURNS TABLE (run_id uuid, told text) LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  one record;
BEGIN
  FOR one IN
    SELECT newest.id FROM unnest(names) AS given (name) CROSS JOIN LATERAL (
      SELECT s.id, s.ended_at FROM banyan.saga s WHERE s.name = given.name AND s.key = message_key ORDER BY s.run DESC LIMIT 16
    ) AS newest WHERE newest.ended_at IS NULL
    UNION
    SELECT c.saga_id FROM banyan.saga_correlation c WHERE c.name = ANY (names) AND c.key = message_key
    ORDER BY 1
  LOOP
    run_id := one.id;
    LOOP
      told := banyan.saga_tell(run_id, message_id, message_kind, message_name, message_key, message_body);
      EXIT WHEN told <> 'ended';
      one.id := (SELECT s.next_id FROM banyan.saga s WHERE s.id = run_id);
      EXIT WHEN one.id IS NULL;
      run_id := one.id;
    END LOOP;
    RETURN NEXT;
  END LOOP;
END
$$;
`

const locking = `
-- Gives a lock to the next in line and tells it; says to whom. The caller has the lock's row locked.
CREATE FUNCTION banyan.saga_hand_on(lock_kind text, lock_key text) RETURNS uuid LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  heir uuid;
BEGIN
  LOOP
    SELECT w.saga_id INTO heir FROM banyan.saga_lock_wait w WHERE w.kind = lock_kind AND w.key = lock_key ORDER BY w.place LIMIT 1;
    IF NOT FOUND THEN
      DELETE FROM banyan.saga_lock l WHERE l.kind = lock_kind AND l.key = lock_key;
      RETURN NULL;
    END IF;
    UPDATE banyan.saga s SET locked = true WHERE s.id = heir AND s.ended_at IS NULL;
    IF FOUND THEN
      UPDATE banyan.saga_lock l SET owner = heir, since = banyan.now() WHERE l.kind = lock_kind AND l.key = lock_key;
      PERFORM banyan.saga_tell(heir, lock_kind || '/' || lock_key, 'lock', 'granted', '', '{}');
    END IF;
    DELETE FROM banyan.saga_lock_wait w WHERE w.kind = lock_kind AND w.key = lock_key AND w.saga_id = heir;
    IF EXISTS (SELECT FROM banyan.saga_lock l WHERE l.kind = lock_kind AND l.key = lock_key AND l.owner = heir) THEN RETURN heir; END IF;
  END LOOP;
END
$$;

-- The runs that would wait for each other if 'me' waited for these; NULL when there would be none. Who waits, waits for the owner
-- and for all ahead in the line: then handing a lock on closes no circle that was not there before.
CREATE FUNCTION banyan.saga_circle(me uuid, lock_kind text, lock_key text) RETURNS uuid[] LANGUAGE sql AS $$
  WITH RECURSIVE blocks AS (
    SELECT w.saga_id AS waits, l.owner AS blocker FROM banyan.saga_lock_wait w JOIN banyan.saga_lock l USING (kind, key)
    UNION ALL
    SELECT w.saga_id, ahead.saga_id FROM banyan.saga_lock_wait w JOIN banyan.saga_lock_wait ahead USING (kind, key)
    WHERE ahead.place < w.place
  ),
  walk AS (
    SELECT ARRAY[first.id] AS path, first.id AS last FROM (
      SELECT l.owner AS id FROM banyan.saga_lock l WHERE l.kind = lock_kind AND l.key = lock_key
      UNION SELECT w.saga_id FROM banyan.saga_lock_wait w WHERE w.kind = lock_kind AND w.key = lock_key
    ) AS first
    UNION ALL
    SELECT walk.path || blocks.blocker, blocks.blocker FROM walk JOIN blocks ON blocks.waits = walk.last
    WHERE walk.last <> me AND NOT blocks.blocker = ANY (walk.path)
  )
  SELECT ARRAY[me] || path[:array_length(path, 1) - 1] FROM walk WHERE last = me ORDER BY array_length(path, 1) LIMIT 1
$$;

-- Says 'yes', 'no', 'waiting', 'deadlock' or 'fenced'.
CREATE FUNCTION banyan.saga_ask_lock(me uuid, my_epoch integer, lock_kind text, lock_key text, may_wait boolean, gate bigint,
  OUT got text, OUT circle uuid[]) LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  owned_by uuid;
BEGIN
  -- Transactions that have seen that nobody has it end first.
  PERFORM pg_advisory_xact_lock(gate);
  LOOP
    INSERT INTO banyan.saga_lock (kind, key, owner, since) VALUES (lock_kind, lock_key, me, banyan.now()) ON CONFLICT DO NOTHING;
    SELECT l.owner INTO owned_by FROM banyan.saga_lock l WHERE l.kind = lock_kind AND l.key = lock_key FOR UPDATE;
    EXIT WHEN FOUND;
  END LOOP;
  UPDATE banyan.saga s SET locked = true WHERE s.id = me AND s.epoch = my_epoch AND s.holder IS NOT NULL;
  IF NOT FOUND THEN
    -- Nobody writes under an older epoch: what was inserted here goes with the transaction.
    RAISE EXCEPTION 'saga % is not held under epoch %', me, my_epoch USING ERRCODE = 'BS001';
  END IF;
  IF owned_by = me THEN got := 'yes'; RETURN; END IF;
  PERFORM FROM banyan.saga_lock_wait w WHERE w.saga_id = me AND w.kind = lock_kind AND w.key = lock_key;
  IF FOUND THEN got := 'waiting'; RETURN; END IF;
  IF NOT may_wait THEN got := 'no'; RETURN; END IF;
  PERFORM ${lineLock};
  circle := banyan.saga_circle(me, lock_kind, lock_key);
  IF circle IS NOT NULL THEN got := 'deadlock'; RETURN; END IF;
  INSERT INTO banyan.saga_lock_wait (kind, key, saga_id, since) VALUES (lock_kind, lock_key, me, banyan.now());
  got := 'waiting';
END
$$;

-- Lets a lock go, or a place in its line; says who has it now, if it was handed on.
CREATE FUNCTION banyan.saga_unlock(me uuid, lock_kind text, lock_key text) RETURNS uuid LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  owned_by uuid;
BEGIN
  SELECT l.owner INTO owned_by FROM banyan.saga_lock l WHERE l.kind = lock_kind AND l.key = lock_key FOR UPDATE;
  DELETE FROM banyan.saga_lock_wait w WHERE w.saga_id = me AND w.kind = lock_kind AND w.key = lock_key;
  IF owned_by IS DISTINCT FROM me THEN RETURN NULL; END IF;
  -- A grant that was not read is none any more.
  DELETE FROM banyan.saga_message m WHERE m.saga_id = me AND m.id = lock_kind || '/' || lock_key AND m.kind = 'lock';
  RETURN banyan.saga_hand_on(lock_kind, lock_key);
END
$$;
`

const ending = `
CREATE FUNCTION banyan.saga_has_ended() RETURNS trigger LANGUAGE plpgsql ${byIndex} AS $$
DECLARE
  one record;
BEGIN
  IF NEW.locked THEN
    DELETE FROM banyan.saga_lock_wait w WHERE w.saga_id = NEW.id;
    FOR one IN SELECT l.kind, l.key FROM banyan.saga_lock l WHERE l.owner = NEW.id ORDER BY l.kind, l.key FOR UPDATE LOOP
      PERFORM banyan.saga_hand_on(one.kind, one.key);
    END LOOP;
  END IF;
  IF NEW.mail > 0 THEN
    IF NEW.next_id IS NOT NULL THEN
      FOR one IN SELECT m.* FROM banyan.saga_message m WHERE m.saga_id = NEW.id AND m.body IS NOT NULL ORDER BY m.n LOOP
        PERFORM banyan.saga_tell(NEW.next_id, one.id, one.kind, one.name, one.key, one.body);
      END LOOP;
    END IF;
    DELETE FROM banyan.saga_message m WHERE m.saga_id = NEW.id;
  END IF;
  IF NEW.correlated THEN
    IF NEW.next_id IS NOT NULL THEN
      INSERT INTO banyan.saga_correlation (name, key, saga_id)
      SELECT c.name, c.key, s.id FROM banyan.saga_correlation c, banyan.saga s
      WHERE c.saga_id = NEW.id AND s.id = NEW.next_id AND s.ended_at IS NULL ON CONFLICT DO NOTHING;
      UPDATE banyan.saga s SET correlated = true WHERE s.id = NEW.next_id;
    END IF;
    DELETE FROM banyan.saga_correlation c WHERE c.saga_id = NEW.id;
  END IF;
  IF NEW.parent_id IS NOT NULL AND NEW.state <> 'continued' THEN
    PERFORM banyan.saga_tell(NEW.parent_id, NEW.id::text, 'child', NEW.state, NEW.parent_seq::text, NEW.outcome);
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER saga_has_ended AFTER UPDATE OF ended_at ON banyan.saga FOR EACH ROW
  WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
    AND (NEW.mail > 0 OR NEW.locked OR NEW.correlated OR NEW.parent_id IS NOT NULL))
  EXECUTE FUNCTION banyan.saga_has_ended();
`

/** After the tables. */
export const sagaFunctions: string = telling + locking + ending
