/**
 * Throw-away Redis servers for engine tests, on a free port and with a folder of their own. A shell holds the read end of a
 * pipe from us and ends the server when that pipe closes, for whatever reason, so none outlives its test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createClient } from 'redis'

/** Where the program is; undefined when it is not installed. An error instead with `BANYAN_REQUIRE_ENGINES=1`. */
export function findRedisServer(
  env: { readonly [name: string]: string | undefined } = process.env,
): string | undefined {
  const folders = [...(env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']
  const found = folders.map((folder) => join(folder, 'redis-server')).find((path) => existsSync(path))
  if (found === undefined && env['BANYAN_REQUIRE_ENGINES'] === '1')
    throw new Error('BANYAN_REQUIRE_ENGINES=1, but no redis-server is installed (apt-get install redis-server)')
  return found
}

/** A server that runs. */
export interface RedisServer {
  readonly url: string
  /** SIGKILL. */
  kill(): Promise<void>
  /** The same server again, on the same port and folder. */
  start(): Promise<void>
  pause(): void
  resume(): void
  stop(): Promise<void>
}

/** Starts one; what it was told survives a kill. */
export async function startRedis(): Promise<RedisServer> {
  const binary = findRedisServer()
  if (binary === undefined) throw new Error('no redis-server is installed')
  const folder = await mkdtemp(join(tmpdir(), 'banyan-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const options = `--port ${port} --bind 127.0.0.1 --dir ${folder} --save "" --appendonly yes --appendfsync always`
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    const line = `"${binary}" ${options} >"${folder}/log" 2>&1 & echo $!; cat >/dev/null; kill -9 $!`
    child = spawn('/bin/sh', ['-c', line], { stdio: ['pipe', 'pipe', 'ignore'] })
    const [first] = (await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')) as [Buffer]
    pid = Number(first.toString())
    await answers(url)
  }
  async function kill(): Promise<void> {
    const ended = child === undefined || child.exitCode !== null ? undefined : once(child, 'exit')
    child?.stdin?.end()
    await ended
  }
  let pid = 0
  await start()
  return {
    url,
    kill,
    start,
    pause: () => void process.kill(pid, 'SIGSTOP'),
    resume: () => void process.kill(pid, 'SIGCONT'),
    async stop() {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Asks until it answers, at most ten seconds. */
async function answers(url: string): Promise<void> {
  const client = createClient({ url, socket: { reconnectStrategy: (retries) => (retries > 200 ? false : 50) } })
  client.on('error', () => undefined)
  await client.connect()
  while ((await client.ping().catch(() => '')) !== 'PONG') await new Promise((resolve) => setTimeout(resolve, 20))
  client.destroy()
}
