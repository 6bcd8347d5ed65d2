/**
 * Which run of the database server this is. PostgreSQL empties an unlogged table when it recovers from a crash, and a standby
 * does when it is promoted; a clean restart keeps it. So its row changes exactly when transactions may have been lost whose ids
 * were handed out: those ids are given again to others, and say nothing about the first any more.
 *
 * Source: PostgreSQL documentation, CREATE TABLE, UNLOGGED; access/transam/xlog.c, StartupXLOG (ResetUnloggedRelations).
 */
import type { Migration } from 'banyan/store'
import { toMigration } from './source.ts'

const sql = `
CREATE UNLOGGED TABLE banyan.incarnation (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  id uuid NOT NULL DEFAULT gen_random_uuid()
);
`

/** See the top of the file. */
export const incarnationMigration: Migration = toMigration('banyan-021-incarnation', sql)
