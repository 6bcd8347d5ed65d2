/** The Postgres servers that tests run against: one of the operating system (15 on Debian) and the embedded one (18). */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '@banyan/embedded-postgres'
import { findPostgres, startPostgresServer } from '@banyan/tools/postgres-server'
import pg from 'pg'
import { afterAll, beforeAll, describe } from 'vitest'

/** A server that runs, with logical replication. */
export interface Engine {
  /** Of its superuser. */
  readonly url: string
  /** Ends it as a power cut would. */
  crash(): Promise<void>
  /** Starts it again on the same data, at the same address. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export type Settings = Readonly<Record<string, string | number>>

async function startServer(settings: Settings): Promise<Engine> {
  return startPostgresServer({ settings: { log_min_messages: 'fatal', max_replication_slots: 20, ...settings } })
}

async function startEmbedded(settings: Settings): Promise<Engine> {
  const dataDir = await mkdtemp(join(tmpdir(), 'banyan-cdc-'))
  const server = await startEmbeddedPostgres({
    dataDir,
    settings: { fsync: 'off', max_replication_slots: 20, ...settings },
  })
  return {
    url: server.url,
    crash: async () => void process.kill(server.pid, 'SIGKILL'),
    restart: () => server.restart(),
    stop: async () => {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** How tests are shared out among the servers. */
export interface Sharing {
  readonly settings?: Settings
  /**
   * Tests that take long need one server only: this one, or the other where it is missing. With BANYAN_EVERY_ENGINE set they
   * run on both all the same.
   */
  readonly mostlyOn?: 'server' | 'embedded'
}

/** Declares tests once for each server there is. `engine()` gives it while they run. */
export function describeEngines(
  name: string,
  declare: (engine: () => Engine, engineName: string) => void,
  { settings = {}, mostlyOn }: Sharing = {},
): void {
  const hasServer = findPostgres().found
  const only = process.env['BANYAN_EVERY_ENGINE'] === undefined && hasServer ? mostlyOn : undefined
  const servers: [string, (settings: Settings) => Promise<Engine>, boolean][] = [
    ['server', startServer, hasServer],
    ['embedded', startEmbedded, true],
  ]
  for (const [engineName, start, there] of servers.filter(([one]) => only === undefined || only === one))
    describe.skipIf(!there)(`${name} (${engineName})`, () => {
      let engine: Engine | undefined
      beforeAll(async () => {
        engine = await start(settings)
      })
      afterAll(async () => engine?.stop())
      declare(() => {
        if (engine === undefined) throw new Error('the server is not up yet')
        return engine
      }, engineName)
    })
}

/** Rows of one statement, as JavaScript values. */
export async function ask(url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  try {
    const result = await client.query<Record<string, unknown>>(text, values)
    return result.rows
  } finally {
    await client.end()
  }
}

/** Several statements, in one implicit transaction unless they say otherwise. */
export async function run(url: string, script: string): Promise<void> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(script)
  } finally {
    await client.end()
  }
}

let made = 0

/** An empty database; gives its name and the superuser's address of it. */
export async function createDatabase(engine: Engine, kind: string): Promise<string> {
  made += 1
  const name = `${kind}_${process.pid}_${made}`
  await run(engine.url, `CREATE DATABASE ${name} TEMPLATE template0`)
  return onDatabase(engine.url, name)
}

/** The same server, another database, and another user when one is given. */
export function onDatabase(url: string, database: string, user?: string, password?: string): string {
  const parsed = new URL(url)
  const name = user ?? decodeURIComponent(parsed.username)
  const secret = password ?? decodeURIComponent(parsed.password)
  const login = `${encodeURIComponent(name)}:${encodeURIComponent(secret)}`
  const port = parsed.port === '' ? '' : `:${parsed.port}`
  return `postgresql://${login}@${parsed.hostname}${port}/${database}`
}

/** Asks again until it holds; fails saying what it last saw. */
export async function eventually<Value>(
  look: () => Promise<Value> | Value,
  holds: (value: Value) => boolean,
  withinMs = 20_000,
): Promise<Value> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const value = await look()
    if (holds(value)) return value
    if (performance.now() > deadline) throw new Error(`did not come to hold; last seen: ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
