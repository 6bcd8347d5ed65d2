/** A change of the source's data, as `toEvent` sees it. Values are JSON (see decode/value.ts). */
import type { Json } from './json.ts'

/** A row, or a part of one. */
export type Row = { readonly [column: string]: Json }

/** Where and when a change was committed. */
export interface CommitFacts {
  /** The position of the commit, such as `16/B374D848`; of the snapshot for a row of one. */
  readonly lsn: string
  /** When it was committed on the source's clock, in milliseconds since 1970; when the snapshot was taken. */
  readonly timeMs: number
  /** The transaction, undefined for a row of a snapshot. */
  readonly xid: number | undefined
  /** The change's place in its transaction, from 0. */
  readonly index: number
}

interface OfTable {
  readonly schema: string
  readonly table: string
  readonly commit: CommitFacts
  /** 1 for the first snapshot of this source and what follows it, 2 after the next … */
  readonly generation: number
}

/**
 * A row was inserted or updated, or (`read`) was there when the snapshot was taken. In each case `new` is what is now true.
 */
export interface UpsertChange extends OfTable {
  readonly op: 'read' | 'insert' | 'update'
  /** The columns of the replica identity: of the primary key unless another was chosen; without any, the whole row. */
  readonly key: Row
  readonly new: Row
  /** The whole row before, for tables with REPLICA IDENTITY FULL. */
  readonly old: Row | undefined
  /** Set when an update changed the key: under this one the row is no more. */
  readonly oldKey: Row | undefined
  /**
   * Columns that are not in `new`: large values that lie apart (TOAST), that the update left as they were, and that the
   * server did not send. With REPLICA IDENTITY FULL there are none.
   */
  readonly unchanged: readonly string[]
}

/** A row was deleted; or was gone at the second attempt of a snapshot (`xid` undefined then). */
export interface DeleteChange extends OfTable {
  readonly op: 'delete'
  readonly key: Row
  readonly old: Row | undefined
}

/** All rows of the table were removed at once. It has no key. */
export interface TruncateChange extends OfTable {
  readonly op: 'truncate'
}

/** What happened to the source's data. */
export type Change = UpsertChange | DeleteChange | TruncateChange
