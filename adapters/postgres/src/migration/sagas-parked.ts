/** Runs that wait for a person are few among many that sleep; they are looked for every few seconds. */
import type { Migration } from 'banyan/store'
import { toMigration } from './source.ts'

/** See the top of the file. */
export const sagasParked: Migration = toMigration(
  'banyan-022-sagas-parked',
  "CREATE INDEX saga_parked ON banyan.saga (id) WHERE state = 'parked'",
)
