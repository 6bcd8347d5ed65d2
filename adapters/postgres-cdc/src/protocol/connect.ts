/**
 * Connections to the database whose changes are read. Values come as text, in one fixed form (ISO dates, UTC, full precision),
 * the same from the replication stream as from a SELECT: so that a row of the snapshot and a later change of it look alike.
 */
import pg from 'pg'
import { messageOf, outage, refuse, sqlStateOf } from '../errors.ts'

/** A row of texts. */
export type TextRow = Readonly<Record<string, string | null>>

/** What `open` needs. */
export interface ConnectOptions {
  readonly url: string
  /** Seen in pg_stat_activity; tells our own readers from others on a slot. */
  readonly applicationName: string
  readonly connectTimeoutMs: number
  /** Aborted: the connection is cut, whatever it is doing. */
  readonly signal?: AbortSignal
}

/** A connection for plain SQL. */
export interface SqlConnection {
  ask(text: string, values?: readonly unknown[]): Promise<readonly TextRow[]>
  /** Rows as lists, with the oids of their columns. */
  askRows(text: string): Promise<{ readonly rows: readonly (readonly (string | null)[])[] }>
  close(): Promise<void>
}

interface Wire {
  readonly stream: { destroy(): void }
}

const asText = { getTypeParser: () => (text: string) => text }

/** Also for the stream: pgoutput writes values with the settings of its own connection. */
const settings = `SET datestyle = 'ISO, YMD'; SET timezone = 'UTC'; SET intervalstyle = 'iso_8601';
  SET extra_float_digits = 1; SET bytea_output = 'hex'; SET statement_timeout = 0; SET lock_timeout = 0;
  SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0; SET search_path = ''`

/** Connects and brings the settings in order. */
export async function openClient(options: ConnectOptions, replication: boolean): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: asText as never,
    ...(replication ? { replication: 'database' } : {}),
  } as pg.ClientConfig)
  // The errors of a connection that breaks reach whoever waits on it; without a listener they would end the process.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(settings)
    return client
  } catch (error) {
    await client.end().catch(() => {})
    throw toConnectError(error)
  }
}

/** Opens a connection for plain SQL. */
export async function openSql(options: ConnectOptions): Promise<SqlConnection> {
  const client = await openClient(options, false)
  const cut = (): void => void (client as unknown as { connection: Wire }).connection.stream.destroy()
  options.signal?.addEventListener('abort', cut, { once: true })
  return {
    async ask(text, values = []) {
      try {
        return (await client.query<Record<string, string | null>>(text, [...values])).rows
      } catch (error) {
        throw toStatementError(error)
      }
    },
    async askRows(text) {
      try {
        const { rows } = await client.query<(string | null)[]>({ text, rowMode: 'array' })
        return { rows }
      } catch (error) {
        throw toStatementError(error)
      }
    },
    async close() {
      options.signal?.removeEventListener('abort', cut)
      await client.end().catch(() => {})
    },
  }
}

/** Runs work on a connection of its own. */
export async function withSql<Result>(
  options: ConnectOptions,
  work: (sql: SqlConnection) => Promise<Result>,
): Promise<Result> {
  const sql = await openSql(options)
  try {
    return await work(sql)
  } finally {
    await sql.close()
  }
}

function toConnectError(error: unknown): unknown {
  const said = messageOf(error)
  switch (sqlStateOf(error)) {
    case '42501':
      return refuse(
        'CDC_PRIVILEGE',
        `the role of the source may not read its changes: ${said}`,
        'As an administrator: ALTER ROLE <role> REPLICATION (on managed servers: GRANT rds_replication or its like).',
        error,
      )
    case '28000':
    case '28P01':
    case '3D000':
      return refuse(
        'CDC_PRIVILEGE',
        `the source does not let us in: ${said}`,
        'Check the option url, and pg_hba.conf.',
        error,
      )
    default:
      return outage('the source cannot be reached', error)
  }
}

/** Errors of statements that pass by themselves are outages; others are shown as they are. */
export function toStatementError(error: unknown): unknown {
  const state = sqlStateOf(error)
  if (state === '42501')
    return refuse(
      'CDC_PRIVILEGE',
      `the source refused: ${messageOf(error)}`,
      'Grant the role of the source that right.',
      error,
    )
  return outage(`a statement at the source failed: ${messageOf(error)}`, error)
}
