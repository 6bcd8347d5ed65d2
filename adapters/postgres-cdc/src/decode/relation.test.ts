// Rows of the stream as changes: keys, old rows, values that were not sent.
import { expect, test } from 'vitest'
import type { RelationMessage } from '../protocol/pgoutput.ts'
import { keyOf, type Relation, toChange, toReadChange } from './relation.ts'
import { scalarForm } from './value.ts'

const place = { commit: { lsn: '0/1', timeMs: 0, xid: 1, index: 0 }, generation: 1 }
const columns = ['id', 'name', 'doc'].map((name) => ({ name, form: scalarForm(25) }))
const relation: Relation = { schema: 'public', name: 'item', columns, key: ['id'] }

test('a large value that was left as it was is named, not made up', () => {
  const change = toChange({ kind: 'update', relation: 1, old: undefined, new: ['1', 'n', undefined] }, relation, place)
  expect(change).toMatchObject({ op: 'update', key: { id: '1' }, new: { id: '1', name: 'n' }, unchanged: ['doc'] })
  expect('doc' in (change as { new: object }).new).toBe(false)
})

test('with the whole old row it is filled in', () => {
  const old = { whole: true, tuple: ['1', 'm', 'large'] }
  const change = toChange({ kind: 'update', relation: 1, old, new: ['1', 'n', undefined] }, relation, place)
  expect(change).toMatchObject({ new: { doc: 'large' }, old: { name: 'm' }, oldKey: undefined, unchanged: [] })
})

test('a changed key is told with the old one', () => {
  const old = { whole: false, tuple: ['1', null, null] }
  const change = toChange({ kind: 'update', relation: 1, old, new: ['2', 'n', 'd'] }, relation, place)
  expect(change).toMatchObject({ key: { id: '2' }, oldKey: { id: '1' }, old: undefined })
})

test('a key that was itself left as it was is taken from the old one', () => {
  const old = { whole: false, tuple: ['long key', null, null] }
  const change = toChange({ kind: 'update', relation: 1, old, new: [undefined, 'n', 'd'] }, relation, place)
  expect(change).toMatchObject({ key: { id: 'long key' }, oldKey: undefined, unchanged: ['id'] })
})

test('a deleted row has its key, and more only when the server told more', () => {
  const some = toChange(
    { kind: 'delete', relation: 1, old: { whole: false, tuple: ['1', null, null] } },
    relation,
    place,
  )
  expect(some).toEqual({ op: 'delete', schema: 'public', table: 'item', key: { id: '1' }, old: undefined, ...place })
})

test('a column called __proto__ is a column', () => {
  const odd: Relation = { ...relation, columns: [{ name: '__proto__', form: scalarForm(25) }], key: ['__proto__'] }
  const change = toReadChange(['x'], odd, place)
  expect(JSON.stringify((change as { new: object }).new)).toBe('{"__proto__":"x"}')
})

test('the key: identity, else the primary key, else everything; in the order of the columns', () => {
  const message = (replicaIdentity: RelationMessage['replicaIdentity'], identity: string[]): RelationMessage => ({
    kind: 'relation',
    id: 1,
    schema: 's',
    name: 'n',
    replicaIdentity,
    columns: ['a', 'b', 'c'].map((name) => ({ name, typeOid: 25, identity: identity.includes(name) })),
  })
  expect(keyOf(message('default', ['b']), ['b'])).toEqual(['b'])
  expect(keyOf(message('index', ['c', 'a']), ['b'])).toEqual(['a', 'c'])
  expect(keyOf(message('full', ['a', 'b', 'c']), ['c', 'b'])).toEqual(['b', 'c'])
  expect(keyOf(message('full', ['a', 'b', 'c']), [])).toEqual(['a', 'b', 'c'])
  expect(keyOf(message('full', ['a', 'b', 'c']), ['dropped'])).toEqual(['a', 'b', 'c'])
})
