/** Which server and which history this is: a position of one means nothing in another. */
import { outage, refuse } from '../errors.ts'
import type { SqlConnection } from '../protocol/connect.ts'
import { fromLsnText, type Lsn, toLsnText } from '../protocol/lsn.ts'
import type { ReplicationConnection } from '../protocol/replication-connection.ts'

/** Where changes come from. */
export interface SystemFacts {
  /** Of the cluster, given at initdb; kept by physical copies and standbys. */
  readonly systemId: string
  /** One more after each promotion and each point-in-time recovery. */
  readonly timeline: number
  /** Oid and name of the database. */
  readonly database: string
  readonly serverVersion: number
  /** How far the log is flushed. */
  readonly flushed: Lsn
}

/**
 * Asks the server who it is; refuses one whose log has not enough in it. One in recovery is waited for: it may be promoted under
 * a stream, and nobody could say then on which timeline a position lies. A primary keeps its timeline while it runs.
 */
export async function readSystem(stream: ReplicationConnection, sql: SqlConnection): Promise<SystemFacts> {
  const [role] = await sql.ask('SELECT pg_is_in_recovery()::text AS recovering')
  if (role?.['recovering'] === 'true') throw outage('the source is a standby: changes are read from the primary')
  const told = await stream.command('IDENTIFY_SYSTEM')
  const [row] = await sql.ask(`SELECT d.oid::text || '/' || d.datname AS database,
    current_setting('wal_level') AS wal_level, current_setting('server_version_num') AS version
    FROM pg_catalog.pg_database d WHERE d.datname = current_database()`)
  if (row?.['wal_level'] !== 'logical')
    throw refuse(
      'CDC_WAL_LEVEL',
      `the source runs with wal_level = ${row?.['wal_level']}; changes need logical`,
      'ALTER SYSTEM SET wal_level = logical, and restart that server (managed servers: rds.logical_replication or its like).',
    )
  return {
    systemId: told['systemid'] ?? '',
    timeline: Number(told['timeline']),
    database: row['database'] ?? '',
    serverVersion: Number(row['version']),
    flushed: fromLsnText(told['xlogpos'] ?? '0/0'),
  }
}

/** What was stored with the position. */
export interface KnownSystem {
  readonly systemId: string
  readonly timeline: number
  readonly database: string
  readonly position: Lsn
}

/**
 * Refuses a server that is not the one the position belongs to, and one whose history does not contain the position: after a
 * point-in-time recovery, or a promotion of a standby that was behind, what was read after that point never happened there.
 */
export async function assertSameHistory(
  known: KnownSystem,
  now: SystemFacts,
  stream: ReplicationConnection,
): Promise<void> {
  if (known.systemId !== now.systemId)
    throw refuse(
      'CDC_FOREIGN_CLUSTER',
      `the position belongs to the cluster ${known.systemId}; this is the cluster ${now.systemId}`,
      'If the database was moved here on purpose, take a new snapshot (resnapshot).',
    )
  if (known.database !== now.database)
    throw refuse(
      'CDC_FOREIGN_CLUSTER',
      `the position belongs to the database ${known.database}; this is ${now.database}`,
      'If the database was restored or replaced on purpose, take a new snapshot (resnapshot).',
    )
  if (known.timeline !== now.timeline) await assertAncestor(known, now, stream)
  if (now.flushed < known.position) throw diverged(known, `this server's log ends at ${toLsnText(now.flushed)}`)
}

async function assertAncestor(known: KnownSystem, now: SystemFacts, stream: ReplicationConnection): Promise<void> {
  if (now.timeline < known.timeline) throw diverged(known, `this server is on the older timeline ${now.timeline}`)
  const { content } = await stream.command(`TIMELINE_HISTORY ${now.timeline}`)
  const left = leavingPoint(content ?? '', known.timeline)
  if (left === undefined) throw diverged(known, `timeline ${now.timeline} does not descend from it`)
  if (left < known.position) throw diverged(known, `timeline ${now.timeline} left it at ${toLsnText(left)} already`)
}

/** Where a timeline was left, by the lines `timeline <tab> position <tab> reason` of a history file. */
export function leavingPoint(history: string, timeline: number): Lsn | undefined {
  for (const line of history.split('\n')) {
    const found = /^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)/.exec(line)
    if (found !== null && Number(found[1]) === timeline) return fromLsnText(found[2] as string)
  }
  return undefined
}

function diverged(known: KnownSystem, why: string): Error {
  return refuse(
    'CDC_DIVERGED',
    `the source went back behind what was read (up to ${toLsnText(known.position)} on timeline ${known.timeline}): ${why}`,
    'Events were published of changes that this server does not have. Take a new snapshot (resnapshot).',
  )
}
