/**
 * Getting hold of the slot. A server lets one reader on a slot. Who has the lease may end a reader of ours that has lost it
 * and does not know yet (it is stopped, or cut off): nothing of that one can commit any more. Nobody else's.
 */
import { type Environment, sleep } from 'banyan/core'
import { messageOf, outage, refuse, sqlStateOf } from '../errors.ts'
import type { SqlConnection } from '../protocol/connect.ts'
import { fromLsnText, type Lsn } from '../protocol/lsn.ts'
import { quoteName, type ReplicationConnection } from '../protocol/replication-connection.ts'
import { readSlot, type SlotRow } from './slot.ts'

/** A new slot's point and the snapshot that belongs to it. */
export interface Exported {
  readonly point: Lsn
  readonly snapshotName: string
}

const pollMs = 50
/** How long a reader that was told to end may take. */
const releaseWithinMs = 10_000

/** Makes the slot free; gives it as it is then. */
export async function freeSlot(
  sql: SqlConnection,
  name: string,
  applicationName: string,
  environment: Environment,
): Promise<SlotRow | undefined> {
  for (let waited = 0; waited <= releaseWithinMs; waited += pollMs) {
    const slot = await readSlot(sql, name)
    if (slot === undefined || !slot.active || slot.activePid === undefined) return slot
    if (slot.reader !== undefined && slot.reader !== '' && slot.reader !== applicationName)
      throw refuse(
        'CDC_SLOT_IN_USE',
        `somebody else reads from the slot ${name}: '${slot.reader}', process ${slot.activePid}`,
        'A slot has one reader. Stop that one, or give this source a slot of its own.',
      )
    await sql.ask('SELECT pg_terminate_backend($1::int)::text AS told', [slot.activePid])
    await sleep(environment.timers, pollMs)
  }
  throw outage(`the slot ${name} is still read by an earlier reader`)
}

/** Drops a slot that is known to be ours; nothing happens when it is not there. */
export async function dropSlot(sql: SqlConnection, name: string): Promise<void> {
  await sql.ask(
    'SELECT pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots WHERE slot_name = $1',
    [name],
  )
}

/** PostgreSQL that knows failover slots. */
const failoverFrom = 170_000

/** Makes the slot and exports the snapshot of its beginning; it lives while this connection stays idle. */
export async function createSlot(
  connection: ReplicationConnection,
  name: string,
  failover: boolean,
  serverVersion: number,
): Promise<Exported> {
  if (failover && serverVersion < failoverFrom)
    throw refuse('CDC_OPTIONS', "the option 'failover' needs PostgreSQL 17 at the source", 'Leave it out.')
  try {
    const more = failover ? ', FAILOVER true' : ''
    const made = await connection.command(
      `CREATE_REPLICATION_SLOT ${quoteName(name)} LOGICAL pgoutput (SNAPSHOT 'export'${more})`,
    )
    return { point: fromLsnText(made['consistent_point'] ?? ''), snapshotName: made['snapshot_name'] ?? '' }
  } catch (error) {
    throw toSlotError(name, error)
  }
}

function toSlotError(name: string, error: unknown): unknown {
  switch (sqlStateOf(error)) {
    case '42710':
      return slotExists(name)
    case '53400':
      return refuse(
        'CDC_SLOTS_EXHAUSTED',
        `the source has no room for another slot: ${messageOf(error)}`,
        'Drop slots that nobody reads (pg_replication_slots), or raise max_replication_slots and restart that server.',
        error,
      )
    case '42501':
      return refuse(
        'CDC_PRIVILEGE',
        `the slot cannot be made: ${messageOf(error)}`,
        'ALTER ROLE <role> REPLICATION',
        error,
      )
    default:
      return outage(`the slot ${name} cannot be made: ${messageOf(error)}`, error)
  }
}

/** The slot is there, and this source has never begun. */
export function slotExists(name: string): Error {
  return refuse(
    'CDC_SLOT_EXISTS',
    `the slot ${name} is there already, but this source has never read from it`,
    `Somebody else may need it. If not: SELECT pg_drop_replication_slot('${name}'); or choose another with the option 'slot'.`,
  )
}
