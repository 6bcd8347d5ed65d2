/**
 * Throw-away NATS servers for engine tests: private ones on free ports with a store of their own, one or a cluster. A shell
 * holds the read end of a pipe from us and ends the server when that pipe closes, for whatever reason, so none outlives its
 * test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** Where the program is; undefined when it is not installed. An error instead with `BANYAN_REQUIRE_ENGINES=1`. */
export function findNatsServer(env: { readonly [name: string]: string | undefined } = process.env): string | undefined {
  const folders = [...(env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin']
  const named = env['BANYAN_NATS_SERVER']
  const found = [...(named === undefined ? [] : [named]), ...folders.map((folder) => join(folder, 'nats-server'))].find(
    (path) => existsSync(path),
  )
  if (found === undefined && env['BANYAN_REQUIRE_ENGINES'] === '1')
    throw new Error('BANYAN_REQUIRE_ENGINES=1, but no nats-server is installed (apt-get install nats-server)')
  return found
}

/** One server of a cluster, or the only one. */
export interface NatsNode {
  readonly name: string
  readonly port: number
  /** `host:port` */
  readonly address: string
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGSTOP and SIGCONT. */
  pause(): void
  resume(): void
  /** The same server again, on the same port and store. */
  start(settings?: string): Promise<void>
}

/** Servers that run. */
export interface NatsServers {
  readonly url: string
  readonly nodes: readonly NatsNode[]
  stop(): Promise<void>
}

/** Starts one server, or a cluster of three. `settings` are lines of its configuration. */
export async function startNats({ size = 1, settings = '' } = {}): Promise<NatsServers> {
  const binary = findNatsServer()
  if (binary === undefined) throw new Error('no nats-server is installed')
  const folder = await mkdtemp(join(tmpdir(), 'banyan-nats-'))
  const ports = await freePorts(size * 2)
  const routes = ports.slice(size).map((port) => `nats://127.0.0.1:${port}`)
  const nodes = Array.from({ length: size }, (_, index) => {
    const cluster = `cluster { name: test, listen: "127.0.0.1:${ports[size + index]}", routes: [${routes.map((route) => `"${route}"`).join(', ')}] }`
    return createNode({
      binary,
      name: `n${index + 1}`,
      folder,
      port: ports[index] as number,
      settings: `${settings}\n${size > 1 ? cluster : ''}`,
    })
  })
  await Promise.all(nodes.map((node) => node.start()))
  return {
    url: `nats://${nodes.map(({ address }) => address).join(',')}`,
    nodes,
    async stop() {
      await Promise.all(nodes.map((node) => node.kill()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface NodeSetup {
  readonly binary: string
  readonly name: string
  readonly folder: string
  readonly port: number
  readonly settings: string
}

const keeper = `
exec 3<&0
"$@" </dev/null & server=$!
echo "$server"
{ read -r _ <&3; kill -KILL "$server"; } 2>/dev/null & end=$!
wait "$server"
kill "$end" 2>/dev/null
`

function createNode(setup: NodeSetup): NatsNode {
  const { binary, name, folder, port } = setup
  const config = join(folder, `${name}.conf`)
  const log = join(folder, `${name}.log`)
  let shell: ChildProcess | undefined
  let pid = 0

  const signal = (how: NodeJS.Signals): void => {
    if (pid !== 0) process.kill(pid, how)
  }
  return {
    name,
    port,
    address: `127.0.0.1:${port}`,
    async kill() {
      if (shell === undefined || shell.exitCode !== null) return
      const ended = once(shell, 'exit')
      signal('SIGKILL')
      await ended
      pid = 0
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    async start(settings = setup.settings) {
      await writeFile(config, toConfig(setup, settings))
      shell = spawn('/bin/sh', ['-c', keeper, 'nats', binary, '-c', config, '-l', log], {
        stdio: ['pipe', 'pipe', 'ignore'],
      })
      const [line] = (await once(shell.stdout as NodeJS.EventEmitter, 'data')) as [Buffer]
      pid = Number(line.toString().trim())
      for (let tries = 0; !(await answers(port)); tries++) {
        if (tries === 400) throw new Error(`nats-server did not start: ${await readFile(log, 'utf8').catch(() => '')}`)
        await delay(25)
      }
    },
  }
}

function toConfig({ name, folder, port }: NodeSetup, settings: string): string {
  return `server_name: ${name}
listen: "127.0.0.1:${port}"
jetstream { store_dir: "${join(folder, name)}", max_mem: 64MB, max_file: 1GB }
${settings}
`
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'data', { signal: AbortSignal.timeout(1_000) })
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
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
