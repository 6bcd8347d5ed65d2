/** How a slot is doing, for status pages and alarms. A slot that nobody reads fills the disk of the source. */

import { type ConnectOptions, withSql } from '../protocol/connect.ts'
import { toLsnText } from '../protocol/lsn.ts'
import { readSlot, type SlotRow } from './slot.ts'

/** The state of a slot; sizes in bytes. */
export interface SlotHealth {
  readonly name: string
  readonly there: boolean
  /** Somebody reads from it. */
  readonly active: boolean
  readonly activePid?: number
  /** `reserved`, `extended`, `unreserved` (about to be lost) or `lost`. */
  readonly walStatus?: string
  /** Why the server gave it up (PostgreSQL 17 on). */
  readonly invalidation?: string
  readonly inactiveSince?: string
  readonly restartLsn?: string
  readonly confirmedLsn?: string
  /** Written at the source and not confirmed by the reader. */
  readonly lagBytes: number
  /** Log that the server keeps because of this slot. */
  readonly retainedBytes: number
  /** How much more may be written before the slot is lost; undefined when there is no limit (max_slot_wal_keep_size). */
  readonly safeWalBytes?: number
  /** Copied to standbys (PostgreSQL 17 on). */
  readonly failover: boolean
  readonly alarms: readonly SlotAlarm[]
}

/** What somebody should look at. */
export interface SlotAlarm {
  readonly level: 'warning' | 'critical'
  readonly message: string
}

/**
 * Reads the health of a slot; any role may.
 *
 * @example
 * const health = await readSlotHealth({ url: 'postgresql://cdc:…@crm.example/crm', slot: 'banyan_crm' })
 * if (health.alarms.some((alarm) => alarm.level === 'critical')) process.exitCode = 1
 */
export function readSlotHealth(options: {
  readonly url: string
  readonly slot: string
  /** Above it an alarm is raised. Default 1 GiB. */
  readonly alarmRetainedBytes?: number
}): Promise<SlotHealth> {
  const connect: ConnectOptions = { url: options.url, applicationName: 'banyan cdc health', connectTimeoutMs: 5_000 }
  return withSql(connect, async (sql) =>
    toSlotHealth(options.slot, await readSlot(sql, options.slot), options.alarmRetainedBytes ?? 1024 ** 3),
  )
}

/** A row of the catalog as health. */
export function toSlotHealth(name: string, slot: SlotRow | undefined, alarmRetainedBytes: number): SlotHealth {
  if (slot === undefined) {
    const alarms: SlotAlarm[] = [{ level: 'critical', message: `the slot ${name} is not there` }]
    return { name, there: false, active: false, lagBytes: 0, retainedBytes: 0, failover: false, alarms }
  }
  const { currentLsn, restartLsn, confirmedLsn } = slot
  const retainedBytes = restartLsn === undefined ? 0 : Math.max(0, Number(currentLsn - restartLsn))
  const lagBytes = confirmedLsn === undefined ? 0 : Math.max(0, Number(currentLsn - confirmedLsn))
  return {
    name,
    there: true,
    active: slot.active,
    lagBytes,
    retainedBytes,
    failover: slot.failover,
    alarms: alarmsOf(slot, retainedBytes, alarmRetainedBytes),
    ...(slot.activePid === undefined ? {} : { activePid: slot.activePid }),
    ...(slot.walStatus === undefined ? {} : { walStatus: slot.walStatus }),
    ...(slot.invalidation === undefined ? {} : { invalidation: slot.invalidation }),
    ...(slot.inactiveSince === undefined ? {} : { inactiveSince: slot.inactiveSince }),
    ...(restartLsn === undefined ? {} : { restartLsn: toLsnText(restartLsn) }),
    ...(confirmedLsn === undefined ? {} : { confirmedLsn: toLsnText(confirmedLsn) }),
    ...(slot.safeWalBytes === undefined ? {} : { safeWalBytes: slot.safeWalBytes }),
  }
}

function alarmsOf(slot: SlotRow, retainedBytes: number, alarmRetainedBytes: number): readonly SlotAlarm[] {
  const alarms: SlotAlarm[] = []
  const raise = (level: SlotAlarm['level'], message: string): void => void alarms.push({ level, message })
  if (slot.walStatus === 'lost' || slot.invalidation !== undefined)
    raise('critical', `the slot is lost (${slot.invalidation ?? 'wal_removed'}): a new snapshot is needed`)
  if (slot.walStatus === 'unreserved')
    raise('critical', 'the slot is about to be lost: the next checkpoint may remove log that it needs')
  if (slot.walStatus === 'extended') raise('warning', 'the slot holds back more than max_wal_size')
  if (!slot.active) raise('warning', 'nobody reads from the slot')
  if (retainedBytes > alarmRetainedBytes)
    raise(
      'critical',
      `the slot holds back ${retainedBytes} bytes of log, more than ${alarmRetainedBytes} (alarmRetainedBytes)`,
    )
  if (slot.safeWalBytes !== undefined && slot.safeWalBytes < alarmRetainedBytes / 10 && slot.walStatus !== 'lost')
    raise(
      'critical',
      `only ${slot.safeWalBytes} bytes more may be written before the slot is lost (max_slot_wal_keep_size)`,
    )
  return alarms
}
