/** One Postgres for all variants of a run, with a database for each of their parts; the same settings for everybody. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '@banyan/embedded-postgres'
import postgres from 'postgres'
import { treeOf } from '../measure/process-cpu.ts'

/** The server; all connections are its superuser's, since what is measured is not who may do what. */
export interface Databases {
  /** An empty database of its own. */
  create(name: string): Promise<string>
  /** The server and its backends, for counting CPU. */
  pids(): readonly number[]
  stop(): Promise<void>
}

/** Like a small production server; fsync stays on. */
const settings = { shared_buffers: '256MB', max_wal_size: '4GB' } as const

export async function startDatabases(): Promise<Databases> {
  const folder = await mkdtemp(join(tmpdir(), 'banyan-bench-events-'))
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), settings, maxConnections: 300 })
  const admin = connect(server.url, 1)
  return {
    async create(name) {
      await admin.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
      await admin.unsafe(`CREATE DATABASE ${name}`)
      const url = new URL(server.url)
      url.pathname = `/${name}`
      return url.href
    },
    pids: () => treeOf(server.pid),
    async stop() {
      await admin.end({ timeout: 1 })
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A pool of postgres.js, which does not read a socket's folder out of a connection string. */
export function connect(url: string, max: number): postgres.Sql {
  const { hostname, port, username, password, pathname } = new URL(url)
  return postgres({
    host: decodeURIComponent(hostname),
    port: Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: pathname.slice(1),
    max,
    onnotice: () => undefined,
  })
}

/** For clients that take an object as `pg` does. */
export function toPgConfig(url: string): {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
} {
  const { hostname, port, username, password, pathname } = new URL(url)
  return {
    host: decodeURIComponent(hostname),
    port: Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: pathname.slice(1),
  }
}
