/** The replication slot: what the server keeps for us, and how it is doing. */
import { refuse } from '../errors.ts'
import type { SqlConnection } from '../protocol/connect.ts'
import { fromLsnOrNull, type Lsn, toLsnText } from '../protocol/lsn.ts'

/** A row of pg_replication_slots; newer servers tell more. */
export interface SlotRow {
  readonly plugin: string
  readonly databaseOid: string
  readonly temporary: boolean
  readonly active: boolean
  readonly activePid: number | undefined
  readonly restartLsn: Lsn | undefined
  readonly confirmedLsn: Lsn | undefined
  readonly walStatus: string | undefined
  readonly safeWalBytes: number | undefined
  readonly invalidation: string | undefined
  readonly inactiveSince: string | undefined
  readonly failover: boolean
  readonly synced: boolean
  /** Where the server's log ends now. */
  readonly currentLsn: Lsn
  /** application_name of who reads from it, when we may see that. */
  readonly reader: string | undefined
}

const slotQuery = `SELECT to_jsonb(s)::text AS slot,
    (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)::text AS current,
    (SELECT a.application_name FROM pg_catalog.pg_stat_activity a WHERE a.pid = s.active_pid) AS reader
  FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1`

interface RawSlot {
  readonly [column: string]: unknown
}

/** Reads a slot; undefined when there is none of that name. */
export async function readSlot(sql: SqlConnection, name: string): Promise<SlotRow | undefined> {
  const [row] = await sql.ask(slotQuery, [name])
  if (row === undefined) return undefined
  const raw = JSON.parse(row['slot'] ?? '{}') as RawSlot
  const text = (column: string): string | undefined => (raw[column] == null ? undefined : String(raw[column]))
  const number = (column: string): number | undefined => (raw[column] == null ? undefined : Number(raw[column]))
  return {
    plugin: text('plugin') ?? '',
    databaseOid: text('datoid') ?? '',
    temporary: raw['temporary'] === true,
    active: raw['active'] === true,
    activePid: number('active_pid'),
    restartLsn: fromLsnOrNull(text('restart_lsn')),
    confirmedLsn: fromLsnOrNull(text('confirmed_flush_lsn')),
    walStatus: text('wal_status'),
    safeWalBytes: number('safe_wal_size'),
    invalidation: text('invalidation_reason'),
    inactiveSince: text('inactive_since'),
    failover: raw['failover'] === true,
    synced: raw['synced'] === true,
    currentLsn: fromLsnOrNull(row['current']) ?? 0n,
    reader: row['reader'] ?? undefined,
  }
}

/** Refuses a slot from which the stream cannot go on at `position` with nothing missing in between. */
export function assertSlotContinues(name: string, slot: SlotRow | undefined, database: string, position: Lsn): void {
  const at = toLsnText(position)
  const again =
    'Take a new snapshot: banyan bridges resnapshot <service> <bridge>, or resnapshot(store, name) and start the source again.'
  if (slot === undefined)
    throw refuse(
      'CDC_SLOT_MISSING',
      `the slot ${name} is gone: what was committed after ${at} may be gone with it`,
      again,
    )
  assertOwnKind(name, slot, database)
  if (slot.walStatus === 'lost' || slot.invalidation !== undefined)
    throw refuse(
      'CDC_SLOT_LOST',
      `the server has given up the slot ${name} (${slot.invalidation ?? 'wal_removed'}): changes after ${at} are gone`,
      `${again} Then give the server room: raise max_slot_wal_keep_size, or watch the alarms of status().`,
    )
  if (slot.confirmedLsn !== undefined && slot.confirmedLsn > position)
    throw refuse(
      'CDC_GAP',
      `the slot ${name} begins at ${toLsnText(slot.confirmedLsn)}, but was read only up to ${at}: what lies between is gone. ` +
        'The slot was made anew, or moved on by somebody else',
      again,
    )
}

/** Refuses a slot that is not one of pgoutput in this database. */
export function assertOwnKind(name: string, slot: SlotRow, database: string): void {
  if (slot.plugin !== 'pgoutput' || slot.temporary || slot.databaseOid !== database.split('/', 1)[0])
    throw refuse(
      'CDC_SLOT_FOREIGN',
      `the slot ${name} is not a lasting slot of pgoutput in the database ${database}`,
      "Choose another name with the option 'slot'.",
    )
}
