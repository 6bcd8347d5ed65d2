// Messages as PostgreSQL documents them, and what is not one.
import { expect, test } from 'vitest'
import { decodeMessage } from './pgoutput.ts'

const lsn = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}
const int = (value: number, size: 2 | 4): Buffer => {
  const bytes = Buffer.alloc(size)
  bytes.writeUIntBE(value, 0, size)
  return bytes
}
const join = (...parts: (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
const text = (value: string): Buffer => join('t', int(Buffer.byteLength(value), 4), value)
const tuple = (...values: Buffer[]): Buffer => join(int(values.length, 2), ...values)

const relation = join(
  'R',
  int(7, 4),
  'public\0item\0',
  'd',
  int(2, 2),
  '\x01',
  'id\0',
  int(20, 4),
  int(0xffffffff, 4),
  '\0',
  'größe\0',
  int(25, 4),
  int(0, 4),
)
const insert = join('I', int(7, 4), 'N', tuple(text('1'), Buffer.from('n')))
const update = join('U', int(7, 4), 'K', tuple(text('1'), Buffer.from('n')), 'N', tuple(text('2'), Buffer.from('u')))
const remove = join('D', int(7, 4), 'O', tuple(text('2'), text('ä€𝄞')))
const begin = join('B', lsn(0x1_0000_0002n), lsn(1_000_000n), int(4_000_000_000, 4))
const commit = join('C', '\0', lsn(5n), lsn(9n), lsn(0n))
const truncate = join('T', int(2, 4), '\x03', int(7, 4), int(8, 4))

test('each message', () => {
  expect(decodeMessage(begin)).toEqual({
    kind: 'begin',
    commitLsn: 0x1_0000_0002n,
    timeMs: 946_684_801_000,
    xid: 4_000_000_000,
  })
  expect(decodeMessage(commit)).toEqual({ kind: 'commit', commitLsn: 5n, endLsn: 9n })
  expect(decodeMessage(relation)).toEqual({
    kind: 'relation',
    id: 7,
    schema: 'public',
    name: 'item',
    replicaIdentity: 'default',
    columns: [
      { name: 'id', typeOid: 20, identity: true },
      { name: 'größe', typeOid: 25, identity: false },
    ],
  })
  expect(decodeMessage(insert)).toEqual({ kind: 'insert', relation: 7, new: ['1', null] })
  expect(decodeMessage(update)).toEqual({
    kind: 'update',
    relation: 7,
    old: { whole: false, tuple: ['1', null] },
    new: ['2', undefined],
  })
  expect(decodeMessage(remove)).toEqual({ kind: 'delete', relation: 7, old: { whole: true, tuple: ['2', 'ä€𝄞'] } })
  expect(decodeMessage(truncate)).toEqual({ kind: 'truncate', relations: [7, 8] })
  expect(decodeMessage(Buffer.from('Manything'))).toEqual({ kind: 'other' })
})

test('a message that is cut anywhere is refused, never read as something else', () => {
  for (const message of [begin, commit, relation, insert, update, remove, truncate])
    for (let length = 0; length < message.length; length += 1) {
      const cut = message.subarray(0, length)
      // The commit's time is not read: a message cut inside it still says the same.
      if (message === commit && length >= 18) continue
      // The last type modifier is not used, but read.
      expect(() => decodeMessage(cut), `${length} bytes of ${message[0]}`).toThrow()
    }
})

test('what version 1 does not have is refused by name', () => {
  expect(() => decodeMessage(Buffer.from('S1234'))).toThrow("a message 'S'")
  expect(() => decodeMessage(join('I', int(7, 4), 'X'))).toThrow("sent 'X'")
  expect(() => decodeMessage(join('I', int(7, 4), 'N', tuple(Buffer.from('b'))))).toThrow("sent 'b'")
})
