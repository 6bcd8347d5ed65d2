/**
 * The Postgres servers that tests run against: one of the operating system (15 on Debian) and the embedded one (18).
 * Each test file starts its own and ends it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '@banyan/embedded-postgres'
import { findPostgres, startPostgresServer } from '@banyan/tools/postgres-server'
import { afterAll, beforeAll, describe } from 'vitest'
import { withCredentials } from '../client/connection-string.ts'
import type { Session, SessionOptions } from '../client/session.ts'
import { alone } from '../store/alone.ts'

/** A server that runs. */
export interface Engine {
  /** Of its superuser. */
  readonly url: string
  /** Ends it as a power cut would, and starts it again on the same data. Undefined where that is somebody else's job. */
  readonly crash?: () => Promise<void>
  readonly restart?: () => Promise<void>
  stop(): Promise<void>
}

const startServer = async (): Promise<Engine> => {
  const server = await startPostgresServer({ settings: { log_min_messages: 'fatal' } })
  return { url: server.url, crash: () => server.crash(), restart: () => server.restart(), stop: () => server.stop() }
}

const startEmbedded = async (): Promise<Engine> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'banyan-pg-'))
  const server = await startEmbeddedPostgres({ dataDir })
  return {
    url: server.url,
    stop: async () => {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/**
 * Declares tests for one of the servers, or for the other where that is missing. `engine()` gives it while they run. With `both`,
 * and with BANYAN_EVERY_ENGINE set always, once for each: for what depends on the server's version.
 */
export function describeEngines(
  name: string,
  declare: (engine: () => Engine, engineName: string) => void,
  on: 'server' | 'embedded' | 'both' = 'server',
): void {
  const hasServer = findPostgres().found
  const only = process.env['BANYAN_EVERY_ENGINE'] === undefined && hasServer && on !== 'both' ? on : undefined
  const servers: [string, () => Promise<Engine>, boolean][] = [
    ['server', startServer, hasServer],
    ['embedded', startEmbedded, true],
  ]
  for (const [engineName, start, there] of servers.filter(([one]) => only === undefined || only === one))
    describe.skipIf(!there)(`${name} (${engineName})`, () => {
      let engine: Engine | undefined
      beforeAll(async () => {
        engine = await start()
      })
      afterAll(async () => engine?.stop())
      declare(() => {
        if (engine === undefined) throw new Error('the server is not up yet')
        return engine
      }, engineName)
    })
}

let made = 0

/** An empty database of the superuser's, for tests that are not about roles. */
export async function createDatabase(engine: Engine): Promise<string> {
  made += 1
  const name = `test_${process.pid}_${made}`
  await asAdmin(engine.url, (admin) => admin.script(`CREATE DATABASE ${name} TEMPLATE template0`))
  return sameServer(engine.url, name)
}

/** One database for all tests of a server in a file; they empty it themselves. */
export function oneDatabase(): (engine: Engine) => Promise<string> {
  const urls = new Map<Engine, Promise<string>>()
  return (engine) => {
    const known = urls.get(engine) ?? createDatabase(engine)
    urls.set(engine, known)
    return known
  }
}

/** The same server and user, another database. */
export function sameServer(url: string, database: string): string {
  const { username, password } = new URL(url)
  return withCredentials(url, {
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database,
  })
}

/** Work on a connection of its own. */
export function asAdmin<Result>(url: string, work: (session: Session) => Promise<Result>): Promise<Result> {
  return alone(sessionOptions(url), work)
}

/** A connection without timeouts. */
export function sessionOptions(url: string): SessionOptions {
  return {
    url,
    applicationName: 'test',
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 0,
    idleInTransactionMs: 0,
    answerTimeoutMs: 0,
    prepareStatements: false,
  }
}

/** Moves banyan.now() of a database. */
export async function shiftClock(url: string, ms: number): Promise<void> {
  await asAdmin(url, (admin) => admin.query("UPDATE banyan.clock SET shift = shift + $1 * interval '1 ms'", [ms]))
}
