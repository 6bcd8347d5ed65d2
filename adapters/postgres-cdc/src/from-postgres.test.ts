// The bridge as a description, and what hosts refuse of it.
import { defineContract } from 'banyan/contract'
import { expect, test } from 'vitest'
import { toReport } from './bridge-report.ts'
import { fromPostgres } from './from-postgres.ts'
import type { ChangeSourceStatus } from './lifecycle/status.ts'

const Customers = defineContract('customers', { version: '1.0.0', owner: 'x', operations: {}, events: {} })
const placeOf = (url: string, system = 'shop') => ({
  system,
  service: 'customers',
  contract: Customers,
  settings: { url },
})
const spec = { name: 'crm-eu', url: 'postgresql://u:secret@h/crm', tables: ['customer'], toEvent: () => undefined }

test('it is frozen data that opens nothing and shows no password', () => {
  const crm = fromPostgres(spec)
  expect(Object.isFrozen(crm)).toBe(true)
  expect(JSON.stringify(crm)).not.toContain('secret')
  expect([crm.name, crm.kind, crm.direction, crm.actions]).toEqual(['crm-eu', 'postgres', 'in', ['resnapshot', 'skip']])
})

test('options that cannot work are refused at once', () => {
  const refused = (more: object) => () => fromPostgres({ ...spec, ...more })
  expect(refused({ tables: [] })).toThrow(/'tables'.*at least one table/)
  expect(refused({ batchEvents: 0 })).toThrow(/'batchEvents'/)
  expect(refused({ slot: 'Slot' })).toThrow(/'slot'/)
  expect(refused({ name: 'c_r' })).toThrow(expect.objectContaining({ reason: 'INVALID_BRIDGE' }))
})

test('what is wrong in a place is said, an address is not shown', () => {
  const crm = fromPostgres(spec)
  expect(crm.faults(placeOf('postgres://h/crm'))).toEqual([])
  expect(crm.faults(placeOf('mysql://s3cret'))).toEqual(["the setting 'url' must begin with postgresql://"])
  const long = crm.faults(placeOf('postgresql://h', 'x'.repeat(50)))
  expect(long.map((fault) => fault.replace(/'banyan_.*?'/, '…'))).toEqual([
    "… is longer than 63 characters: give the option 'slot'",
    "… is longer than 63 characters: give the option 'publication'",
  ])
  const named = fromPostgres({ ...spec, slot: 's', publication: 'p' })
  expect(named.faults(placeOf('postgresql://h', 'x'.repeat(50)))).toEqual([])
})

test('a report says how it stands; alarms of a slot that somebody else reads are that one’s', () => {
  const alarms = [{ level: 'warning', message: 'nobody reads from the slot' }]
  const status = {
    name: 'crm',
    lastError: 'gone for a moment',
    changes: 3,
    events: 2,
    commits: 1,
    snapshotRows: 0,
    generation: 1,
    slot: { name: 'banyan_crm', lagBytes: 12, alarms },
  } as unknown as ChangeSourceStatus
  expect(toReport(status, 'streaming')).toMatchObject({
    state: 'working',
    lag: { count: 12, unit: 'bytes' },
    counters: { changes: 3, events: 2 },
    alarms: ['warning: nobody reads from the slot'],
    lastError: 'gone for a moment',
  })
  expect(toReport(status, 'waiting')).toMatchObject({ state: 'waiting', alarms: [] })
  expect(toReport({ ...status, slot: undefined }, 'retrying')).not.toHaveProperty('lag')
  expect((['idle', 'snapshot', 'failed', 'stopped'] as const).map((phase) => toReport(status, phase).state)).toEqual([
    'starting',
    'working',
    'failing',
    'stopped',
  ])
})
