/**
 * A throw-away RabbitMQ for engine tests: a private one on free ports, with its own name server for Erlang nodes (epmd), which
 * would stay behind otherwise. A shell holds the read end of a pipe from us and ends everything when that pipe closes.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'amqplib'

const root = '/usr/lib/rabbitmq/lib'

/** The program; undefined when it is not installed. An error instead with `BANYAN_REQUIRE_ENGINES=1`. */
export function findRabbit(env: { readonly [name: string]: string | undefined } = process.env): string | undefined {
  const versions = existsSync(root) ? readdirSync(root).toSorted().toReversed() : []
  const places = versions.map((version) => join(root, version, 'sbin', 'rabbitmq-server'))
  const found = [env['BANYAN_RABBITMQ_SERVER'], ...places].find((path) => path !== undefined && existsSync(path))
  if (found === undefined && env['BANYAN_REQUIRE_ENGINES'] === '1')
    throw new Error('BANYAN_REQUIRE_ENGINES=1, but no RabbitMQ is installed (apt-get install rabbitmq-server)')
  return found
}

/** A broker that runs. */
export interface RabbitServer {
  readonly url: string
  /** SIGKILL, as a machine that loses power would end it; its data stay. */
  kill(): Promise<void>
  /** The same broker again, on the same port and data. */
  start(): Promise<void>
  stop(): Promise<void>
}

// Everything in one process group of its own, ended as a whole when the pipe closes.
const keeper = `
epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 </dev/null >/dev/null 2>&1 &
"$1" </dev/null >"$2" 2>&1 &
read -r _
kill -KILL 0
`

/** Starts a broker; a few seconds. */
export async function startRabbit(): Promise<RabbitServer> {
  const binary = findRabbit()
  if (binary === undefined) throw new Error('no RabbitMQ is installed')
  const folder = await mkdtemp(join(tmpdir(), 'banyan-rabbit-'))
  const [port, distribution, names] = (await freePorts(3)) as [number, number, number]
  const log = join(folder, 'out.log')
  await writeFile(join(folder, 'plugins'), '[].\n')
  await writeFile(join(folder, 'rabbitmq.conf'), 'loopback_users = none\n')
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    RABBITMQ_NODENAME: `banyan${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: `${port}`,
    RABBITMQ_DIST_PORT: `${distribution}`,
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    ERL_EPMD_PORT: `${names}`,
  }
  const url = `amqp://guest:guest@127.0.0.1:${port}`
  let shell: ChildProcess | undefined

  async function kill(): Promise<void> {
    if (shell === undefined || shell.exitCode !== null || shell.signalCode !== null) return
    const ended = once(shell, 'exit')
    shell.stdin?.end()
    await ended
  }
  async function start(): Promise<void> {
    shell = spawn('/bin/sh', ['-c', keeper, 'rabbit', binary as string, log], {
      env,
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    for (let tries = 0; !(await answers(url)); tries++) {
      if (tries === 600 || shell.exitCode !== null)
        throw new Error(`RabbitMQ did not start: ${await readFile(log, 'utf8').catch(() => '')}`)
      await delay(100)
    }
  }
  await start()
  return {
    url,
    kill,
    start,
    async stop() {
      await kill()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const connection = await connect(url, { timeout: 1_000 })
    await connection.close()
    return true
  } catch {
    return false
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address()
      server.close()
      await once(server, 'close')
      if (address === null || typeof address === 'string') throw new Error('no port')
      return address.port
    }),
  )
}
