/** A table as it is known at one place of the stream, and rows of it as changes. */
import type { Change, CommitFacts, Row } from '../change.ts'
import type { Json } from '../json.ts'
import type { OldTuple, RelationMessage, RowMessage, Tuple } from '../protocol/pgoutput.ts'
import { type TypeForm, toJson } from './value.ts'

/** A column with how its values are read. */
export interface Column {
  readonly name: string
  readonly form: TypeForm
}

/** A table. */
export interface Relation {
  readonly schema: string
  readonly name: string
  readonly columns: readonly Column[]
  readonly key: readonly string[]
}

/** What all changes of one place have in common. */
export interface Place {
  readonly commit: CommitFacts
  readonly generation: number
}

/**
 * The key of a table, in the order of its columns. The stream says which columns are the replica identity; with FULL that is
 * all of them, so then the primary key counts, as it was when the source started, as far as its columns are still there.
 */
export function keyOf(message: RelationMessage, known: readonly string[]): readonly string[] {
  const names = message.columns.map((column) => column.name)
  const identity = message.columns.filter((column) => column.identity).map((column) => column.name)
  if (message.replicaIdentity !== 'full' && identity.length > 0) return identity
  const there = known.length > 0 && known.every((name) => names.includes(name))
  return there ? names.filter((name) => known.includes(name)) : names
}

/** A message of the stream as a change. */
export function toChange(message: RowMessage, relation: Relation, place: Place): Change {
  const base = { schema: relation.schema, table: relation.name, ...place }
  if (message.kind === 'delete') {
    const old = toRow(relation, message.old.tuple)
    return { ...base, op: 'delete', key: pick(old, relation.key), old: message.old.whole ? old : undefined }
  }
  const before = message.kind === 'update' ? message.old : undefined
  const old = before === undefined ? undefined : toRow(relation, before.tuple)
  const { row, unchanged } = complete(relation, message.new, before)
  const key = keyOfRow(row, old, relation.key)
  const oldKey = old === undefined ? undefined : pick(old, relation.key)
  const moved = oldKey !== undefined && toKeyText(oldKey) !== toKeyText(key)
  return {
    ...base,
    op: message.kind,
    key,
    new: row,
    old: before?.whole === true ? old : undefined,
    oldKey: moved ? oldKey : undefined,
    unchanged,
  }
}

/** A row of a snapshot as a change. */
export function toReadChange(values: Tuple, relation: Relation, place: Place): Change {
  const row = toRow(relation, values)
  const base = { schema: relation.schema, table: relation.name, ...place }
  return {
    ...base,
    op: 'read',
    key: pick(row, relation.key),
    new: row,
    old: undefined,
    oldKey: undefined,
    unchanged: [],
  }
}

/** A key as one text, the same for the same key. */
export function toKeyText(key: Row): string {
  return JSON.stringify(Object.values(key))
}

function complete(
  relation: Relation,
  tuple: Tuple,
  old: OldTuple | undefined,
): { readonly row: Row; readonly unchanged: readonly string[] } {
  const filled = tuple.map((value, index) => (value === undefined && old?.whole === true ? old.tuple[index] : value))
  const unchanged = relation.columns.filter((_, index) => filled[index] === undefined).map((column) => column.name)
  return { row: toRow(relation, filled), unchanged }
}

function toRow(relation: Relation, tuple: Tuple): Row {
  const row: Record<string, Json> = {}
  relation.columns.forEach(({ name, form }, index) => {
    const value = tuple[index]
    if (value === undefined) return
    const json = value === null ? null : toJson(value, form)
    // A column may be called __proto__: defined, not assigned, it is a column like any other.
    if (name === '__proto__') Object.defineProperty(row, name, { value: json, enumerable: true })
    else row[name] = json
  })
  return row
}

/** A key column may itself lie apart and be unchanged; then the old key has it. */
function keyOfRow(row: Row, old: Row | undefined, key: readonly string[]): Row {
  return pick(old === undefined ? row : { ...pick(old, key), ...row }, key)
}

function pick(row: Row, names: readonly string[]): Row {
  return Object.fromEntries(names.map((name) => [name, row[name] ?? null]))
}
