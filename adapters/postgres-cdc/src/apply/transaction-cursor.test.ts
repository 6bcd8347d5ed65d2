// What comes again after a restart is passed over, to the change.
import { expect, test } from 'vitest'
import { TransactionCursor } from './transaction-cursor.ts'

const begin = (commitLsn: bigint) => ({ kind: 'begin', commitLsn, timeMs: 0, xid: 1 }) as const

function places(cursor: TransactionCursor, count: number): (number | undefined)[] {
  return Array.from({ length: count }, () => cursor.next()?.index)
}

test('a transaction below the position is passed over whole, one at it is not', () => {
  const cursor = new TransactionCursor(100n, undefined)
  cursor.begin(begin(90n))
  expect(places(cursor, 2)).toEqual([undefined, undefined])
  expect(cursor.partial).toBeUndefined()
  cursor.commit(95n)
  expect(cursor.position).toBe(100n)
  cursor.begin(begin(100n))
  expect(places(cursor, 2)).toEqual([0, 1])
  expect(cursor.partial).toEqual({ commitLsn: 100n, changes: 2 })
  cursor.commit(120n)
  expect([cursor.position, cursor.partial, cursor.inside]).toEqual([120n, undefined, false])
})

test('one that is there in part goes on at its next change', () => {
  const cursor = new TransactionCursor(100n, { commitLsn: 150n, changes: 3 })
  cursor.begin(begin(150n))
  // Stored again before its changes have come again, it must not forget how far it was.
  expect(cursor.partial).toEqual({ commitLsn: 150n, changes: 3 })
  expect(places(cursor, 5)).toEqual([undefined, undefined, undefined, 3, 4])
  cursor.commit(160n)
  cursor.begin(begin(170n))
  expect(places(cursor, 1)).toEqual([0])
})

test('messages out of place are refused', () => {
  const cursor = new TransactionCursor(0n, undefined)
  expect(() => cursor.next()).toThrow('out of place')
  expect(() => cursor.commit(1n)).toThrow('out of place')
  cursor.begin(begin(1n))
  expect(() => cursor.begin(begin(2n))).toThrow('out of place')
})
