// A throw-away PostgreSQL server for engine tests: a fresh cluster in a temporary folder, on a free port of 127.0.0.1,
// with scram passwords as in production. It needs no service manager and no rights, and it never outlives the test
// process: a small shell holds the read end of a pipe from us, and when that pipe closes, for whatever reason, kill -9
// included, it ends the server and removes the folder.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findPostgres } from './find-postgres.ts'
import type { Cluster } from './postgres-cluster.ts'
import { createCluster } from './postgres-cluster.ts'

export { type EngineEnvironment, findPostgres, type PostgresInstallation } from './find-postgres.ts'

/** How a test server is set up; every field has a default. */
export interface PostgresServerOptions {
  /** Server settings, as in postgresql.conf, over the defaults of {@link defaultSettings}. */
  readonly settings?: Readonly<Record<string, string | number>>
  /** How long one start may take before it is given up. Default 30 000. */
  readonly startTimeoutMs?: number
}

/** A running throw-away server. */
export interface PostgresServer {
  /** Connection string of the superuser `postgres` on database `postgres`, over TCP with a password. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly password: string
  /** The data directory, for tests that break it. */
  readonly dataDirectory: string
  /** The process id of the postmaster that runs now. */
  readonly pid: number
  /** Kills the postmaster with SIGKILL, as a machine that loses power would end it; the data stays. */
  crash(): Promise<void>
  /** Starts the same cluster again, on the same port, after {@link crash}. */
  restart(): Promise<void>
  /** Ends the server and removes its folder. May be called more than once. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Made for tests: fsync is off because the machine does not lose power, only processes are killed, and the operating
 * system keeps what they wrote.
 */
export const defaultSettings: Readonly<Record<string, string | number>> = {
  fsync: 'off',
  max_connections: 200,
  shared_buffers: '64MB',
  wal_level: 'logical',
}

// `end` reads one word from us. "keep" leaves the folder for a restart; anything else, the end of the pipe included,
// removes it. "ended" tells us that the server stopped (in a subshell: nobody may be there to read it, and that must
// not end the shell). The signal is repeated since a server that has just begun does not listen to it yet.
const keeper = `
exec 3<&0 2>>"$0"
"$@" </dev/null & server=$!
echo "$server"
{
  read -r how <&3
  tries=0
  while kill -INT "$server" && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
  kill -KILL "$server"
  [ "$how" = keep ]
} 2>/dev/null & end=$!
wait "$server"
(echo ended)
wait "$end" || rm -rf "$BANYAN_TEST_CLUSTER"
`

const pollMs = 15
const portAttempts = 3

/**
 * Starts a fresh server, or throws with the end of the server's own log.
 *
 * As root the server runs as the user `postgres` (or `nobody`), since PostgreSQL refuses to run as root.
 *
 * @example
 * const server = await startPostgresServer()
 * try { await connect(server.url) } finally { await server.stop() }
 */
export async function startPostgresServer(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const installation = findPostgres()
  if (!installation.found) throw new Error(installation.reason)
  const cluster = await createCluster(installation.binaries)
  try {
    return await bootFresh(cluster, options)
  } catch (error) {
    rmSync(cluster.folder, { recursive: true, force: true })
    throw error
  }
}

interface Postmaster {
  readonly shell: ChildProcess
  readonly pid: number
  readonly ended: () => boolean
}

// A port that was free a moment ago can be taken by the time the server binds it: try a few.
async function bootFresh(cluster: Cluster, options: PostgresServerOptions): Promise<PostgresServer> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort()
    try {
      return running(cluster, port, options, await boot(cluster, port, options))
    } catch (error) {
      if (attempt === portAttempts || !String(error).includes('Address already in use')) throw error
    }
  }
}

// The processes of a killed postmaster notice within moments that it is gone; until they do, they hold its memory.
async function bootAgain(cluster: Cluster, port: number, options: PostgresServerOptions): Promise<Postmaster> {
  const deadline = performance.now() + (options.startTimeoutMs ?? 30_000)
  for (;;) {
    writeFileSync(cluster.log, '')
    try {
      return await boot(cluster, port, options)
    } catch (error) {
      if (performance.now() > deadline || !String(error).includes('shared memory block')) throw error
      await delay(pollMs)
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('the probe for a free port has no address')
  return address.port
}

async function boot(cluster: Cluster, port: number, options: PostgresServerOptions): Promise<Postmaster> {
  const settings = {
    ...defaultSettings,
    ...options.settings,
    listen_addresses: '127.0.0.1',
    port,
    ...socketSettings(cluster),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const command = [join(cluster.binaries, 'postgres'), '-D', cluster.data, ...flags]
  const shell = spawn('sh', ['-c', keeper, cluster.log, ...command], {
    cwd: cluster.folder,
    env: { PATH: process.env['PATH'], LC_ALL: 'C', BANYAN_TEST_CLUSTER: cluster.folder },
    stdio: ['pipe', 'pipe', 'ignore'],
    ...cluster.user,
  })
  let said = ''
  shell.stdout.on('data', (chunk) => {
    said += chunk
  })
  await once(shell.stdout, 'data')
  const master = { shell, pid: Number.parseInt(said, 10), ended: () => said.includes('ended') }
  await ready(cluster, master, options.startTimeoutMs ?? 30_000)
  return master
}

function socketSettings(cluster: Cluster): Record<string, string> {
  return { unix_socket_directories: cluster.folder }
}

// The postmaster writes its process id into the first line of its pid file and its state into the last; waiting for
// that needs no client. The id matters: after a crash the old file is still there.
async function ready(cluster: Cluster, master: Postmaster, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (performance.now() < deadline && !master.ended()) {
    const lines = readOrEmpty(join(cluster.data, 'postmaster.pid')).split('\n')
    if (Number(lines[0]) === master.pid && lines[7]?.trim() === 'ready') return
    await delay(pollMs)
  }
  await end(master, 'keep')
  throw new Error(
    `PostgreSQL did not start (waited at most ${timeoutMs} ms):\n${readOrEmpty(cluster.log).slice(-2_000)}`,
  )
}

async function end(master: Postmaster, how: 'keep' | 'remove'): Promise<void> {
  if (master.shell.exitCode !== null || master.shell.signalCode !== null) return
  const ended = once(master.shell, 'exit')
  master.shell.stdin?.end(`${how}\n`)
  await ended
}

function running(cluster: Cluster, port: number, options: PostgresServerOptions, first: Postmaster): PostgresServer {
  let master = first
  const stop = async (): Promise<void> => {
    await end(master, 'remove')
    rmSync(cluster.folder, { recursive: true, force: true })
  }
  return {
    url: `postgres://postgres:${cluster.password}@127.0.0.1:${port}/postgres`,
    host: '127.0.0.1',
    port,
    password: cluster.password,
    dataDirectory: cluster.data,
    get pid() {
      return master.pid
    },
    crash: async () => {
      process.kill(master.pid, 'SIGKILL')
      await end(master, 'keep')
    },
    restart: async () => {
      master = await bootAgain(cluster, port, options)
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
