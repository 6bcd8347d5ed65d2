// The server's configuration, given on its command line and not in postgresql.conf: it then belongs to this program's
// version, not to the data, and an old cluster starts with today's settings.
import { EmbeddedPostgresError } from './errors.ts'

export type SettingValue = string | number | boolean

/** Enough for the 80 connections of a whole shop, the bus, and a person looking. */
export const DEFAULT_MAX_CONNECTIONS = 120

/** Measured against the budget "everything under 500 MB": an idle cluster takes about 25 MB with these. */
const DEFAULTS: Readonly<Record<string, SettingValue>> = {
  shared_buffers: '64MB',
  wal_level: 'logical', // the relay may read the log later; changing it needs a restart
  jit: false, // costs more than it gives on statements that take under 100 ms
  max_parallel_workers_per_gather: 0, // parallel plans want /dev/shm, which containers keep at 64 MB
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] %q%u@%d ',
  log_checkpoints: false,
  cluster_name: 'banyan',
}

/** These decide who reaches the server and where its files lie: the supervisor's own business. */
const RESERVED = new Set([
  'archive_library',
  'config_file',
  'data_directory',
  'external_pid_file',
  'hba_file',
  'ident_file',
  'listen_addresses',
  'log_destination',
  'logging_collector',
  'max_connections',
  'port',
  'unix_socket_directories',
  'unix_socket_group',
  'unix_socket_permissions',
])

export interface Listening {
  readonly port: number
  /** undefined: TCP on loopback instead (Windows). */
  readonly socketDirectory: string | undefined
}

/** The arguments after the program's name, data directory excluded. Throws BAD_SETTING naming the setting. */
export function toArguments(
  listening: Listening,
  maxConnections: number = DEFAULT_MAX_CONNECTIONS,
  settings: Readonly<Record<string, SettingValue>> = {},
): string[] {
  if (!Number.isInteger(maxConnections) || maxConnections < 10 || maxConnections > 10_000) {
    throw badSetting('maxConnections', `must be an integer from 10 to 10000, found ${maxConnections}`)
  }
  const all: Record<string, SettingValue> = { ...DEFAULTS, ...checked(settings), max_connections: maxConnections }
  all['log_destination'] = 'stderr'
  all['logging_collector'] = false
  all['port'] = listening.port
  all['listen_addresses'] = listening.socketDirectory === undefined ? '127.0.0.1' : ''
  if (listening.socketDirectory !== undefined) {
    all['unix_socket_directories'] = listening.socketDirectory
    all['unix_socket_permissions'] = '0700'
  }
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${toText(value)}`])
}

function checked(settings: Readonly<Record<string, SettingValue>>): Readonly<Record<string, SettingValue>> {
  for (const [name, value] of Object.entries(settings)) {
    if (!/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$/.test(name)) throw badSetting(name, 'is not the name of a setting')
    if (RESERVED.has(name)) throw badSetting(name, 'is set by the supervisor and cannot be changed')
    if (!['string', 'number', 'boolean'].includes(typeof value) || String(value).includes('\0')) {
      throw badSetting(name, 'must be a string, a number or a boolean')
    }
  }
  return settings
}

function badSetting(name: string, rule: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'BAD_SETTING',
    `settings.${name} ${rule}`,
    'Correct the options of startEmbeddedPostgres.',
  )
}

function toText(value: SettingValue): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return String(value)
}
