/** What a source of changes is made of, and every default. */
import type { AnyEvent } from 'banyan/contract'
import { type Environment, realEnvironment } from 'banyan/core'
import type { Store } from 'banyan/store'
import type { Change } from './change.ts'
import { refuse } from './errors.ts'
import { createMakeEvent, type MakeEvent } from './make-event.ts'

/** Publishes an event of the service's contract; validated at once. Errors: INVALID_ARGUMENT naming the field. */
export type PublishChange = <E extends AnyEvent>(event: E, data: E['~types']['data']) => void

/** How changes become events. Times in milliseconds, sizes in bytes. */
export interface ChangeSourceOptions {
  /** Names this source; its position is stored under it. Lower-case letters, digits and `_`, at most 50 characters. */
  readonly name: string
  /** Connection string of the database that is read; its role needs REPLICATION and SELECT on the tables. */
  readonly url: string
  /** The replication slot; made by the source. Default `banyan_<name>`. */
  readonly slot?: string
  /** The publication; made by the source when it is missing and the role may. Default `banyan_<name>`. */
  readonly publication?: string
  /** `schema.table`, or `table` for the schema public. */
  readonly tables: readonly string[]
  /** The store of the service that publishes; on Postgres. */
  readonly into: Store
  /** The system and the service, for the `source` of the events. */
  readonly system: string
  readonly service: string
  /**
   * Turns a change into any number of events, by calling `publish`. Synchronous and pure: it may run again for the same
   * change. What it throws stops the source (`CDC_MAPPING`): a change is never skipped silently.
   */
  readonly toEvent: (change: Change, publish: PublishChange) => void
  /** Whether the rows that are there come first, as `read`. Default true. */
  readonly snapshot?: boolean
  /**
   * Keeps the keys of all rows in the service's database, so that also a *later* new snapshot can tell which rows are gone.
   * Costs one small write per insert and delete. Default false: keys are kept only while a snapshot is taken.
   */
  readonly trackKeys?: boolean
  /** Makes the slot one that is copied to standbys (PostgreSQL 17 on). Default false. */
  readonly failover?: boolean
  /** Events after which a transaction at the service is committed, 1 to 900. Default 500. */
  readonly batchEvents?: number
  /** Received and not applied, and largest batch, each. Default 4 MiB. */
  readonly bufferBytes?: number
  /** A reader that is silent for so long loses its place to another. Default 15 000. */
  readonly leaseMs?: number
  /** How often the server hears from us, and a quiet source's position is moved on. Default 5 000. */
  readonly heartbeatMs?: number
  /** Default 5 000. */
  readonly connectTimeoutMs?: number
  /** How much log the slot may hold back before `status` raises an alarm. Default 1 GiB. */
  readonly alarmRetainedBytes?: number
  readonly environment?: Environment
  readonly log?: (message: string) => void
}

/** With every default filled in, and with what a host gives that runs it as a bridge. */
export type ResolvedOptions = Required<ChangeSourceOptions> & HostParts

/** What a host has and a source by itself has not. */
export interface HostParts {
  readonly makeEvent: MakeEvent
  /** The address to connect to now. */
  readonly currentUrl: () => string
  /** Of the lease: `<instance>#<incarnation>`; a later incarnation of an instance takes over at once. */
  readonly holder: string
}

const namePattern = /^[a-z][a-z0-9_]{0,49}$/
const slotPattern = /^[a-z0-9_]{1,63}$/

/** Fills in defaults and refuses what cannot work (`CDC_OPTIONS`, naming the option). */
export function resolveOptions(given: ChangeSourceOptions, host?: HostParts): ResolvedOptions {
  const options = {
    slot: `banyan_${given.name}`,
    publication: `banyan_${given.name}`,
    snapshot: true,
    trackKeys: false,
    failover: false,
    batchEvents: 500,
    bufferBytes: 4 * 1024 * 1024,
    leaseMs: 15_000,
    heartbeatMs: 5_000,
    connectTimeoutMs: 5_000,
    alarmRetainedBytes: 1024 ** 3,
    environment: realEnvironment(),
    log: () => {},
    currentUrl: host?.currentUrl ?? (() => given.url),
    makeEvent: host?.makeEvent ?? createMakeEvent(given.system, given.service),
    ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never as typeof given),
  } as Omit<ResolvedOptions, 'holder'>
  check('name', namePattern.test(options.name), 'has 1 to 50 lower-case letters, digits and _, a letter first')
  check('slot', slotPattern.test(options.slot), 'has 1 to 63 lower-case letters, digits and _')
  check('publication', options.publication !== '' && options.publication.length <= 63, 'has 1 to 63 characters')
  check('tables', options.tables.length > 0, 'names at least one table')
  check('tables', new Set(options.tables.map(qualified)).size === options.tables.length, 'names each table once')
  checkRange('batchEvents', options.batchEvents, 1, 900)
  checkRange('bufferBytes', options.bufferBytes, 64 * 1024, 1024 ** 3)
  checkRange('leaseMs', options.leaseMs, 500, 600_000)
  checkRange('heartbeatMs', options.heartbeatMs, 50, 60_000)
  checkRange('connectTimeoutMs', options.connectTimeoutMs, 100, 60_000)
  checkRange('alarmRetainedBytes', options.alarmRetainedBytes, 1, Number.MAX_SAFE_INTEGER)
  return { ...options, holder: host?.holder ?? options.environment.random.uuidv7() }
}

/** The name of a table with its schema. */
export function qualified(table: string): string {
  return table.includes('.') ? table : `public.${table}`
}

/** Schema and name. */
export function splitName(table: string): readonly [string, string] {
  const name = qualified(table)
  const dot = name.indexOf('.')
  return [name.slice(0, dot), name.slice(dot + 1)]
}

function checkRange(option: string, value: number, least: number, most: number): void {
  check(
    option,
    Number.isInteger(value) && value >= least && value <= most,
    `is a whole number from ${least} to ${most}`,
  )
}

function check(option: string, holds: boolean, rule: string): void {
  if (!holds) throw refuse('CDC_OPTIONS', `the option '${option}' of a change source ${rule}`, 'Correct the options.')
}
