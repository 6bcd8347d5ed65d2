/** Builds: a version of a projection may be built again beside itself. What there was before is build 1. */
import type { Migration } from 'banyan/store'
import { toMigration } from './source.ts'

const sql = `
ALTER TABLE banyan.projection ADD COLUMN live_build integer NOT NULL DEFAULT 1;
ALTER TABLE banyan.projection_version
  ADD COLUMN build integer NOT NULL DEFAULT 1,
  DROP CONSTRAINT projection_version_pkey,
  ADD PRIMARY KEY (name, version, build),
  DROP CONSTRAINT projection_version_phase_check,
  ADD CONSTRAINT projection_version_phase_check
    CHECK (phase IN ('wanted', 'building', 'live', 'retired', 'dropped'));
`

/** See the top of the file. */
export const projectionBuildsMigration: Migration = toMigration('banyan-013-projection-builds', sql)
