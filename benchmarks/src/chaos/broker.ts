/**
 * Three NATS servers of the rig's own, in one cluster, whose leader can be killed. Each server ends when the pipe from us closes, so
 * none outlives the rig.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { targetOf } from 'banyan/testing'

export interface Broker {
  readonly url: string
  /** SIGKILLs the server that leads the log's stream (or a random one while none leads), and starts it again after a while. */
  killLeader(target: number, downMs: number): Promise<void>
  /** SIGSTOP and SIGCONT of any one. */
  pause(target: number, ms: number): Promise<void>
  stop(): Promise<void>
}

interface Node {
  readonly name: string
  readonly port: number
  readonly monitor: number
  readonly config: string
  shell?: ChildProcess
  pid: number
}

const size = 3
const upMs = 20_000

const keeper = `
exec 3<&0
"$@" </dev/null & server=$!
echo "$server"
{ read -r _ <&3; kill -KILL "$server"; } 2>/dev/null & end=$!
wait "$server"
kill "$end" 2>/dev/null
`

/** Where the program is; undefined when it is not installed. */
export function findNatsServer(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin']
  return folders.map((folder) => join(folder, 'nats-server')).find((path) => existsSync(path))
}

function requireNatsServer(): string {
  const found = findNatsServer()
  if (found === undefined) throw new Error('no nats-server is installed (apt-get install nats-server)')
  return found
}

/** Starts the cluster. */
export async function startBroker(): Promise<Broker> {
  const binary = requireNatsServer()
  const folder = await mkdtemp(join(tmpdir(), 'banyan-chaos-nats-'))
  const ports = await freePorts(size * 3)
  const routes = ports.slice(size, 2 * size).map((port) => `"nats://127.0.0.1:${port}"`)
  const nodes = await Promise.all(
    Array.from({ length: size }, async (_, index): Promise<Node> => {
      const name = `n${index + 1}`
      const [port = 0, route = 0, monitor = 0] = [ports[index], ports[size + index], ports[2 * size + index]]
      const config = join(folder, `${name}.conf`)
      await writeFile(
        config,
        `server_name: ${name}
listen: "127.0.0.1:${port}"
http: "127.0.0.1:${monitor}"
jetstream { store_dir: "${join(folder, name)}", max_mem: 64MB, max_file: 2GB }
cluster { name: chaos, listen: "127.0.0.1:${route}", routes: [${routes.join(', ')}] }
`,
      )
      return { name, port, monitor, config, pid: 0 }
    }),
  )
  await Promise.all(nodes.map((node) => boot(binary, node)))
  let busy: Promise<void> = Promise.resolve()

  async function kill(target: number, downMs: number): Promise<void> {
    const leader = await leaderOf(nodes)
    const node = nodes.find(({ name }) => name === leader) ?? (targetOf(nodes, target) as Node)
    await end(node)
    await sleep(downMs)
    await boot(binary, node)
  }

  return {
    url: `nats://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    killLeader(target, downMs) {
      // One at a time: two of three gone is no majority, which is an outage and not a change of leader.
      busy = busy.then(() => kill(target, downMs))
      return busy
    },
    pause(target, ms) {
      busy = busy.then(async () => {
        const { pid } = targetOf(nodes, target) as Node
        process.kill(pid, 'SIGSTOP')
        await sleep(ms)
        process.kill(pid, 'SIGCONT')
      })
      return busy
    },
    async stop() {
      await busy.catch(() => undefined)
      await Promise.all(nodes.map(end))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function boot(binary: string, node: Node): Promise<void> {
  const shell = spawn('/bin/sh', ['-c', keeper, 'nats', binary, '-c', node.config, '-l', `${node.config}.log`], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  node.shell = shell
  const [line] = (await once(shell.stdout, 'data')) as [Buffer]
  node.pid = Number(line.toString().trim())
  const endMs = performance.now() + upMs
  while (performance.now() < endMs) {
    if ((await ask(node, 'healthz?js-server-only=true')) !== undefined) return
    await sleep(50)
  }
  throw new Error(`${node.name} did not start`)
}

async function end(node: Node): Promise<void> {
  const { shell } = node
  if (shell === undefined || shell.exitCode !== null) return
  const gone = once(shell, 'exit')
  process.kill(node.pid, 'SIGKILL')
  await gone
}

/** Who leads the stream of the log; the largest stream is that. */
async function leaderOf(nodes: readonly Node[]): Promise<string | undefined> {
  for (const node of nodes) {
    const answer = (await ask(node, 'jsz?accounts=true&streams=true')) as JetStreamReport | undefined
    const streams = answer?.account_details?.flatMap((account) => account.stream_detail ?? []) ?? []
    const [log] = streams.toSorted((a, b) => b.state.messages - a.state.messages)
    if (log?.cluster?.leader !== undefined) return log.cluster.leader
  }
  return undefined
}

interface JetStreamReport {
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly state: { readonly messages: number }
      readonly cluster?: { readonly leader?: string }
    }[]
  }[]
}

async function ask(node: Node, path: string): Promise<unknown> {
  try {
    const answer = await fetch(`http://127.0.0.1:${node.monitor}/${path}`, { signal: AbortSignal.timeout(500) })
    return answer.ok ? await answer.json() : undefined
  } catch {
    return undefined
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
