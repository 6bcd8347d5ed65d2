/** A child that ends a second time tells its parent a second time: whoever undoes it waits for that, and need not ask again and again. */
import type { Migration } from 'banyan/store'
import { byIndex } from './sagas-functions.ts'
import { toMigration } from './source.ts'

const ending = `
CREATE OR REPLACE FUNCTION banyan.saga_has_ended() RETURNS trigger LANGUAGE plpgsql ${byIndex} AS $$
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
    -- One that had completed and was brought back to be undone has told already.
    IF banyan.saga_tell(NEW.parent_id, NEW.id::text, 'child', NEW.state, NEW.parent_seq::text, NEW.outcome) = 'repeated' THEN
      PERFORM banyan.saga_tell(NEW.parent_id, NEW.id || ' ' || NEW.state, 'child', NEW.state, NEW.parent_seq::text, NEW.outcome);
    END IF;
  END IF;
  RETURN NULL;
END
$$;
`

/** See the top of the file. */
export const sagasChildren: Migration = toMigration('banyan-023-sagas-children', ending)
