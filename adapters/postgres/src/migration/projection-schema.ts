/** The books of read models: which versions of a projection there are, and which one readers see. */
import type { Migration } from 'banyan/store'
import { toMigration } from './source.ts'

const projection = `
CREATE TABLE banyan.projection (
  name text PRIMARY KEY,
  -- The version that readers see; null while none has caught up. A swap locks this row.
  live integer
);

CREATE TABLE banyan.projection_version (
  name text NOT NULL REFERENCES banyan.projection,
  version integer NOT NULL,
  target text NOT NULL,
  phase text NOT NULL DEFAULT 'building' CHECK (phase IN ('building', 'live', 'retired', 'dropped')),
  -- Its rows are written by the transactions that publish; they read this FOR SHARE, and the swap that sets it locks the row.
  inline boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT banyan.now(),
  live_at timestamptz,
  retired_at timestamptz,
  PRIMARY KEY (name, version)
);
`

/** What follows the tables of the store. */
export const projectionMigration: Migration = toMigration('banyan-007-projection', projection)
