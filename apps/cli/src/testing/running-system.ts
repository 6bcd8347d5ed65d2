/** A `banyan dev` of the example pair for tests: in folders of its own, on free ports, ended whatever happens. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { StatusDocument } from 'banyan/control'
import { isRunning } from '../process/identity.ts'
import { reservePort } from '../process/ports.ts'
import { type RunRecord, readRunRecord } from '../process/run-record.ts'

export const cli: string = fileURLToPath(new URL('../main.ts', import.meta.url))
const pair = fileURLToPath(new URL('./pair/', import.meta.url))
const modules = fileURLToPath(new URL('../../../../node_modules', import.meta.url))

/** Folders for one test. */
export interface Place {
  /** A copy of the pair, to be changed. */
  readonly project: string
  readonly dataDir: string
  remove(): Promise<void>
}

/** Makes them. */
export function createPlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-cli-'))
  const project = join(folder, 'pair')
  cpSync(pair, project, { recursive: true })
  symlinkSync(modules, join(folder, 'node_modules'), 'junction')
  return {
    project,
    dataDir: join(folder, 'data'),
    async remove() {
      // A database that was ended by force is shut down by its guardian, which may still be at it.
      const isGone = (): boolean => {
        rmSync(folder, { recursive: true, force: true })
        return !existsSync(folder)
      }
      await eventually(`${folder} to be removed`, isGone, (gone) => gone)
    },
  }
}

/** How a command ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A command that runs. */
export interface Command {
  readonly child: ChildProcess
  readonly pid: number
  readonly ended: Promise<Ended>
  /** All that it wrote, both streams. */
  output(): string
}

export type Env = Readonly<Record<string, string>>

/** Starts the command line. */
export function startCommand(args: readonly string[], env: Env, folder: string): Command {
  const { DATABASE_URL: _, ...rest } = process.env
  const child = spawn(process.execPath, [cli, ...args], { cwd: folder, env: { ...rest, NO_COLOR: '1', ...env } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const ended = new Promise<Ended>((resolve) => child.on('close', (code, signal) => resolve({ code, signal })))
  return { child, pid: child.pid ?? 0, ended, output: () => output }
}

/** A system that runs. */
export interface RunningSystem extends Command {
  readonly gateway: string
  readonly control: string
  status(): Promise<StatusDocument>
  get(path: string): Promise<{ readonly status: number; readonly body: unknown }>
  post(path: string, body: object): Promise<{ readonly status: number; readonly body: unknown }>
  /** Waits until everything is ready. */
  ready(): Promise<void>
  /** The pid of a process by its name. */
  pidOf(name: string): Promise<number>
}

/** Long, because the machine may be busy; a test that passes is faster. */
export const patienceMs = 60_000

/** Asks until the answer is as wanted; a question that fails is asked again. */
export async function eventually<Answer>(
  what: string,
  ask: () => Promise<Answer> | Answer,
  wanted: (answer: Answer) => boolean,
): Promise<Answer> {
  const endMs = performance.now() + patienceMs
  let last: unknown
  while (performance.now() < endMs) {
    try {
      const answer = await ask()
      if (wanted(answer)) return answer
      last = answer
    } catch (error) {
      last = error
    }
    await pause(50)
  }
  throw new Error(
    `${what}: not within ${patienceMs} ms; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
  )
}

/** Starts `banyan dev` on a place. */
export async function startSystem(place: Place, args: readonly string[] = [], env: Env = {}): Promise<RunningSystem> {
  const free = (): Promise<number> => reservePort({ port: 0, owner: '', setting: '' })
  const [gatewayPort, controlPort] = [await free(), await free()]
  const gateway = `http://127.0.0.1:${gatewayPort}`
  const control = `http://127.0.0.1:${controlPort}`
  const ports = ['--gateway-port', String(gatewayPort), '--control-port', String(controlPort)]
  const command = startCommand(
    ['dev', '--project', place.project, ...ports, ...args],
    { BANYAN_DATA_DIR: place.dataDir, ...env },
    place.project,
  )
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${gateway}${path}`, { ...init, signal: AbortSignal.timeout(30_000) })
    return { status: answer.status, body: (await answer.json()) as unknown }
  }
  const status = async (): Promise<StatusDocument> =>
    (await (await fetch(`${control}/status.json`, { signal: AbortSignal.timeout(10_000) })).json()) as StatusDocument
  let over = false
  void command.ended.then(() => {
    over = true
  })
  return {
    ...command,
    gateway,
    control,
    status,
    get: (path) => ask(path),
    post: (path, body) =>
      ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    async ready() {
      const isUp = async (): Promise<boolean> => over || (await fetch(`${control}/readyz`)).status === 200
      await eventually(`the system to be ready; it wrote:\n${command.output()}`, isUp, (up) => up).catch((error) => {
        throw new Error(`${(error as Error).message}\n${command.output()}`)
      })
      if (over) throw new Error(`the system ended:\n${command.output()}`)
    },
    async pidOf(name) {
      const found = (await status()).processes.find((one) => one.name === name)
      if (found?.pid == null) throw new Error(`${name} does not run`)
      return found.pid
    },
  }
}

/** Ends a system for good, with everything it started; for the end of a test, also of a failed one. */
export async function endSystem(system: Command | undefined, place: Place): Promise<void> {
  const record: RunRecord | undefined = readRunRecord(place.dataDir)
  if (system !== undefined && system.child.exitCode === null && system.child.signalCode === null) {
    system.child.kill('SIGTERM')
    await Promise.race([system.ended, pause(20_000, undefined, { ref: false })])
    system.child.kill('SIGKILL')
  }
  for (const child of record?.children ?? []) if (isRunning(child)) process.kill(child.pid, 'SIGKILL')
}
