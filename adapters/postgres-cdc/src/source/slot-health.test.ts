import { expect, test } from 'vitest'
import type { SlotRow } from './slot.ts'
import { toSlotHealth } from './slot-health.ts'

const healthy: SlotRow = {
  plugin: 'pgoutput',
  databaseOid: '5',
  temporary: false,
  active: true,
  activePid: 1,
  restartLsn: 1_000n,
  confirmedLsn: 1_500n,
  walStatus: 'reserved',
  safeWalBytes: undefined,
  invalidation: undefined,
  inactiveSince: undefined,
  failover: false,
  synced: false,
  currentLsn: 2_000n,
  reader: undefined,
}
const alarms = (over: Partial<SlotRow>): readonly string[] =>
  toSlotHealth('s', { ...healthy, ...over }, 10_000).alarms.map(({ level, message }) => `${level}: ${message}`)

test('lag and retained log in bytes, and no alarm when all is well', () => {
  expect(toSlotHealth('s', healthy, 10_000)).toMatchObject({ lagBytes: 500, retainedBytes: 1_000, alarms: [] })
})

test.each<[string, Partial<SlotRow>]>([
  ['critical: the slot is lost (wal_removed)', { walStatus: 'lost' }],
  ['critical: the slot is lost (idle_timeout)', { invalidation: 'idle_timeout' }],
  ['critical: the slot is about to be lost', { walStatus: 'unreserved' }],
  ['warning: the slot holds back more than max_wal_size', { walStatus: 'extended' }],
  ['warning: nobody reads', { active: false }],
  ['critical: the slot holds back 100000 bytes', { restartLsn: 0n, currentLsn: 100_000n }],
  ['critical: only 100 bytes more', { safeWalBytes: 100 }],
])('%s', (expected, over) => {
  expect(alarms(over)).toEqual([expect.stringContaining(expected)])
})

test('a slot that is gone', () => {
  expect(toSlotHealth('s', undefined, 1)).toMatchObject({ there: false, alarms: [{ level: 'critical' }] })
})
