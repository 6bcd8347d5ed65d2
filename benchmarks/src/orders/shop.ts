/** The shop as anybody starts it, by the command line, with data of its own that go away, on ports that are free. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { treeOf } from '../measure/process-cpu.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const readyMs = 120_000

interface Status {
  readonly state: string
  readonly processes: readonly { readonly name: string; readonly kind: string; readonly pid?: number }[]
}

/** A running shop. */
export interface Shop {
  readonly gatewayUrl: string
  /** All of its processes by kind, PostgreSQL's own included, the payment provider apart. */
  pids(): Promise<{ readonly hosts: readonly number[]; readonly postgres: readonly number[] }>
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function readStatus(controlUrl: string): Promise<Status | undefined> {
  try {
    return (await (await fetch(`${controlUrl}/status.json`)).json()) as Status
  } catch {
    return undefined
  }
}

/** Starts it; `split` is 'none' or 'all'. Resolves when everything is ready. */
export async function startShop(split: 'none' | 'all'): Promise<Shop> {
  const folder = await mkdtemp(join(tmpdir(), 'banyan-bench-'))
  const [gateway, control, provider] = [await freePort(), await freePort(), await freePort()]
  const args = ['dev', '--no-watch', '--project', 'examples/shop', '--split', split]
  const ports = ['--gateway-port', String(gateway), '--control-port', String(control)]
  const env = { ...process.env, NODE_ENV: 'production', BANYAN_DATA_DIR: folder, SHOP_PROVIDER_PORT: String(provider) }
  delete (env as { DATABASE_URL?: string }).DATABASE_URL
  const child = spawn(process.execPath, ['apps/cli/src/main.ts', ...args, ...ports], {
    cwd: root,
    env,
    stdio: 'ignore',
  })
  const gone = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 40_000)
    await gone
    clearTimeout(timer)
    await rm(folder, { recursive: true, force: true })
  }
  const controlUrl = `http://127.0.0.1:${control}`
  const endMs = performance.now() + readyMs
  while ((await readStatus(controlUrl))?.state !== 'running') {
    if (child.exitCode !== null || performance.now() > endMs) {
      await stop()
      throw new Error('the shop did not become ready')
    }
    await sleep(200)
  }
  return { gatewayUrl: `http://127.0.0.1:${gateway}`, pids: () => readPids(controlUrl), stop }
}

async function readPids(controlUrl: string): ReturnType<Shop['pids']> {
  const processes = (await readStatus(controlUrl))?.processes ?? []
  const pidsOf = (kinds: readonly string[]): number[] =>
    processes.flatMap(({ kind, pid }) => (kinds.includes(kind) && pid !== undefined ? [pid] : []))
  return { hosts: pidsOf(['parent', 'host']), postgres: pidsOf(['postgres']).flatMap(treeOf) }
}
