// What the engine tests share: a folder below the system's temporary directory that goes away with everything in it,
// servers that are stopped whatever a test did, and supervisors in processes of their own, so that they can be killed.
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, type QueryResultRow } from 'pg'
import { vi } from 'vitest'
import { endClusterProcesses, findClusterProcesses, waitUntil } from '../cluster-processes.ts'
import type { EmbeddedPostgres, EmbeddedPostgresOptions } from '../options.ts'
import { locatePlatformPackage, type PlatformPackage } from '../platform.ts'
import { identifyProcess } from '../process-identity.ts'
import { superviseEmbeddedPostgres } from '../supervisor.ts'

const CHILD = fileURLToPath(new URL('./child-supervisor.ts', import.meta.url))
/** For machines that are busy with other tests; met at once where nothing is wrong. */
const LIMIT_MS = 60_000

/** A supervisor in its own process. */
export interface ChildSupervisor {
  readonly process: ChildProcess
  readonly pid: number
  /** The line it wrote: its server, or its error. */
  readonly report: ChildReport
}

export interface ChildOptions {
  readonly user?: { readonly uid: number; readonly gid: number }
  readonly cacheDir?: string
  /** For a user who may not write in the folder of the tests. */
  readonly temporary?: string
  /** A program that changes the surroundings and then becomes the one named after it. */
  readonly prefix?: readonly string[]
}

export interface ChildReport {
  readonly url?: string
  readonly pid?: number
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string }
}

export class EngineFolder {
  readonly path: string
  readonly #servers: EmbeddedPostgres[] = []
  readonly #children: ChildProcess[] = []
  readonly #dataDirs = new Set<string>()

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), 'banyan-engine-'))
    chmodSync(this.path, 0o755) // as root, the service user passes through
    vi.setConfig({ testTimeout: 3 * LIMIT_MS })
    process.env['TMPDIR'] = this.path // sockets too go away with the folder (each test file is a process)
  }

  dataDir(name: string): string {
    const path = join(this.path, name)
    this.#dataDirs.add(path)
    return path
  }

  async start(
    name: string,
    options: Partial<EmbeddedPostgresOptions> = {},
    platform: PlatformPackage = locatePlatformPackage(),
  ): Promise<EmbeddedPostgres> {
    const server = await superviseEmbeddedPostgres({ dataDir: this.dataDir(name), ...options }, platform)
    this.#servers.push(server)
    return server
  }

  /** Starts a supervisor in a child and waits for its report. */
  async startChild(name: string, options: ChildOptions = {}): Promise<ChildSupervisor> {
    const { prefix = [], user = {}, cacheDir = '', temporary = this.path } = options
    const [program = '', ...args] = [...prefix, process.execPath, CHILD, this.dataDir(name), cacheDir]
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: temporary },
      ...user,
    })
    this.#children.push(child)
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    await waitUntil(() => text.includes('\n') || child.exitCode !== null, LIMIT_MS)
    if (!text.includes('\n')) throw new Error(`the child wrote no report: ${text}`)
    return { process: child, pid: child.pid ?? 0, report: JSON.parse(text) as ChildReport }
  }

  /** Ends and removes everything. */
  async close(): Promise<void> {
    for (const server of this.#servers) await server.stop()
    for (const child of this.#children) {
      child.kill('SIGKILL')
      await waitUntil(() => child.exitCode !== null || child.signalCode !== null, LIMIT_MS)
    }
    for (const dataDir of this.#dataDirs) {
      await endClusterProcesses(join(dataDir, 'cluster'), { fastMs: 0, immediateMs: 2_000, killMs: 5_000 })
    }
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Runs one statement on a connection of its own. */
export async function query<Row extends QueryResultRow = QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Polls; fails with `what` when it does not come true in time. */
export async function eventually(what: string, condition: () => boolean): Promise<void> {
  if (!(await waitUntil(condition, LIMIT_MS))) throw new Error(`not within ${LIMIT_MS} ms: ${what}`)
}

export const isRunning = (pid: number): boolean => identifyProcess(pid) !== undefined

export const serversOf = (dataDir: string): number[] => findClusterProcesses(join(dataDir, 'cluster'))
