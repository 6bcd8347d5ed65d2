/**
 * The place of a change, by which a person gives it up: in the stream its position, which is the same each time it comes; in a
 * snapshot its row, since each attempt of one reads it anew.
 */
import type { Change } from '../change.ts'

/** `origin`: the history that positions belong to. */
export function placeOf(change: Change, origin: string): string {
  const { commit, schema, table } = change
  if (commit.xid !== undefined) return `${origin} ${commit.lsn} ${commit.index}`
  return `snapshot ${change.op} ${schema}.${table} ${'key' in change ? JSON.stringify(change.key) : ''}`
}

/** For a person, of at most some 300 characters. */
export function describeChange(change: Change): string {
  const key = 'key' in change ? ` ${JSON.stringify(change.key).slice(0, 200)}` : ''
  return `${change.op} of ${change.schema}.${change.table}${key} at ${change.commit.lsn}`
}
