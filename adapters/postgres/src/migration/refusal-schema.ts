/**
 * How a delivery's mark refuses: as an error, so that what was sent behind it in the same flight is skipped by the protocol. The
 * mark travels with the first statement of the business then, and not a round trip ahead of it.
 */
import type { Migration } from 'banyan/store'
import { toMigration } from './source.ts'

/** SQLSTATEs of a class of our own. */
export const refusalStates = { fenced: 'BY001', applied: 'BY002' } as const

const sql = `
CREATE FUNCTION banyan.refuse(held boolean) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF held THEN RAISE EXCEPTION 'applied already' USING ERRCODE = '${refusalStates.applied}'; END IF;
  RAISE EXCEPTION 'fenced' USING ERRCODE = '${refusalStates.fenced}';
END
$$;
`

/** Every service's database. */
export const refusalMigration: Migration = toMigration('banyan-012-refusal', sql)
