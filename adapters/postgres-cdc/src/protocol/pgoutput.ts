/**
 * The messages of `pgoutput`, protocol version 1, in text form. Version 1 sends a transaction when it has committed, whole:
 * the server spills a large one to its own disk (logical_decoding_work_mem), and nothing of an aborted one ever comes.
 *
 * Source: PostgreSQL documentation, "Logical Replication Message Formats".
 */
import { ByteReader } from './bytes.ts'
import type { Lsn } from './lsn.ts'

/** One row as text; null for NULL, undefined for a stored-apart (TOAST) value that the update left as it was. */
export type Tuple = readonly (string | null | undefined)[]

/** By what the server tells old rows: the key, nothing, the whole row, the columns of an index. */
export type ReplicaIdentity = 'default' | 'nothing' | 'full' | 'index'

/** A column as a relation message tells it. */
export interface RelationColumn {
  readonly name: string
  readonly typeOid: number
  /** Part of the replica identity. */
  readonly identity: boolean
}

/** A table as it was when the changes behind this message were made. */
export interface RelationMessage {
  readonly kind: 'relation'
  readonly id: number
  readonly schema: string
  readonly name: string
  readonly replicaIdentity: ReplicaIdentity
  readonly columns: readonly RelationColumn[]
}

/** An old row: only its key columns are filled, or all of them. */
export interface OldTuple {
  readonly whole: boolean
  readonly tuple: Tuple
}

/** A change of one row. */
export type RowMessage =
  | { readonly kind: 'insert'; readonly relation: number; readonly new: Tuple }
  | { readonly kind: 'update'; readonly relation: number; readonly old: OldTuple | undefined; readonly new: Tuple }
  | { readonly kind: 'delete'; readonly relation: number; readonly old: OldTuple }

/** What the server sends. */
export type Message =
  | { readonly kind: 'begin'; readonly commitLsn: Lsn; readonly timeMs: number; readonly xid: number }
  | { readonly kind: 'commit'; readonly commitLsn: Lsn; readonly endLsn: Lsn }
  | RelationMessage
  | RowMessage
  | { readonly kind: 'truncate'; readonly relations: readonly number[] }
  | { readonly kind: 'other' }

const identities: Readonly<Record<string, ReplicaIdentity>> = { d: 'default', n: 'nothing', f: 'full', i: 'index' }
/** Type names, origins and logical messages: nothing that we need. */
const others = new Set(['Y', 'O', 'M'])

/** Reads one message. Throws for what version 1 does not know, and for a message that ends too early. */
export function decodeMessage(bytes: Buffer): Message {
  const reader = new ByteReader(bytes)
  const tag = String.fromCharCode(reader.uint8())
  const decode = decoders[tag]
  if (decode !== undefined) return decode(reader)
  if (others.has(tag)) return { kind: 'other' }
  throw new Error(`pgoutput sent a message '${tag}' that protocol version 1 does not have`)
}

const decoders: Readonly<Record<string, (reader: ByteReader) => Message>> = {
  B: (reader) => ({ kind: 'begin', commitLsn: reader.lsn(), timeMs: reader.timeMs(), xid: reader.uint32() }),
  C: (reader) => {
    reader.uint8() // flags, unused
    return { kind: 'commit', commitLsn: reader.lsn(), endLsn: reader.lsn() }
  },
  R: readRelation,
  I: (reader) => {
    const relation = reader.uint32()
    expectTag(reader, 'N')
    return { kind: 'insert', relation, new: readTuple(reader) }
  },
  U: readUpdate,
  D: (reader) => {
    const relation = reader.uint32()
    const tag = expectTag(reader, 'K', 'O')
    return { kind: 'delete', relation, old: { whole: tag === 'O', tuple: readTuple(reader) } }
  },
  T: (reader) => {
    const count = reader.uint32()
    reader.uint8() // CASCADE, RESTART IDENTITY: they change nothing for a reader
    return { kind: 'truncate', relations: Array.from({ length: count }, () => reader.uint32()) }
  },
}

function readRelation(reader: ByteReader): Message {
  const id = reader.uint32()
  const schema = reader.cString()
  const name = reader.cString()
  const letter = String.fromCharCode(reader.uint8())
  const replicaIdentity = identities[letter]
  if (replicaIdentity === undefined) throw new Error(`unknown replica identity '${letter}' of ${schema}.${name}`)
  const columns = Array.from({ length: reader.uint16() }, () => {
    const identity = (reader.uint8() & 1) === 1
    const column = reader.cString()
    const typeOid = reader.uint32()
    reader.int32() // type modifier
    return { name: column, typeOid, identity }
  })
  return { kind: 'relation', id, schema: schema === '' ? 'pg_catalog' : schema, name, replicaIdentity, columns }
}

function readUpdate(reader: ByteReader): Message {
  const relation = reader.uint32()
  const tag = expectTag(reader, 'K', 'O', 'N')
  if (tag === 'N') return { kind: 'update', relation, old: undefined, new: readTuple(reader) }
  const old = { whole: tag === 'O', tuple: readTuple(reader) }
  expectTag(reader, 'N')
  return { kind: 'update', relation, old, new: readTuple(reader) }
}

function readTuple(reader: ByteReader): Tuple {
  return Array.from({ length: reader.uint16() }, () => {
    const kind = expectTag(reader, 't', 'n', 'u')
    if (kind === 'n') return null
    return kind === 'u' ? undefined : reader.text(reader.int32())
  })
}

function expectTag(reader: ByteReader, ...expected: readonly string[]): string {
  const tag = String.fromCharCode(reader.uint8())
  if (!expected.includes(tag)) throw new Error(`pgoutput sent '${tag}' where one of '${expected.join(' ')}' belongs`)
  return tag
}
