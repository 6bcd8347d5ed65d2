// One run of the server: spawned as a direct child, in a session of its own (Ctrl-C in the terminal is for our process,
// which then stops the server in order), ready when PostgreSQL itself writes "ready" into postmaster.pid.
import type { ChildProcess } from 'node:child_process'
import { Readable } from 'node:stream'
import type { Binaries } from './binaries.ts'
import { clusterArgument } from './cluster.ts'
import {
  endClusterProcesses,
  POLL_MS,
  readPostmasterFile,
  type StopLimits,
  sendSignal,
  waitUntil,
} from './cluster-processes.ts'
import { EmbeddedPostgresError, fromLog } from './errors.ts'
import { type Guardian, startGuardian } from './guardian.ts'
import { collectLogLines } from './log-lines.ts'
import { fromSpawnError, run, serviceEnvironment, spawnProgram } from './run.ts'
import type { ServiceUser } from './service-user.ts'

/** Recovery after a crash replays at most max_wal_size (1 GB); the limit is for a server that hangs. */
export const START_TIMEOUT_MS = 120_000

export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

export interface Postmaster {
  readonly pid: number
  readonly exited: Promise<Exit>
  readonly hasExited: () => boolean
  stop(limits: StopLimits): Promise<void>
}

export interface PostmasterOptions {
  readonly binaries: Binaries
  readonly clusterDir: string
  readonly user: ServiceUser | undefined
  readonly arguments: readonly string[]
  readonly log: (line: string) => void
}

export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const { clusterDir, user } = options
  const args = ['-D', clusterArgument(clusterDir, user), ...options.arguments]
  const child = spawnProgram(options.binaries.postgres, args, {
    cwd: clusterDir,
    env: serviceEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(user ?? {}),
  })
  const lines = collectLogLines(child.stderr ?? Readable.from([]), options.log)
  const exited = watchExit(child)
  const pid = await spawned(child, options.binaries.postgres)
  const guardian = startGuardian(pid, user, options.log)
  void exited.then(() => guardian.dismiss())
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null
  const postmaster: Postmaster = {
    pid,
    exited,
    hasExited,
    stop: (limits) => stopPostmaster(child, guardian, options, limits),
  }
  const isReady = (): boolean => {
    const file = readPostmasterFile(clusterDir)
    return Number(file[0]) === pid && file[7]?.trim() === 'ready'
  }
  await waitUntil(() => isReady() || hasExited(), START_TIMEOUT_MS)
  if (isReady() && !hasExited()) return postmaster
  await postmaster.stop({ fastMs: 1_000, immediateMs: 1_000, killMs: 5_000 })
  await exited
  throw fromLog(lines.recent, 'PostgreSQL did not start')
}

/** 'close' and not 'exit': the last log lines, which say why, have then been read. Bounded by the pipe's other ends. */
function watchExit(child: ChildProcess): Promise<Exit> {
  const { promise, resolve } = Promise.withResolvers<Exit>()
  child.on('exit', (code, signal) => {
    // Backends that outlive a killed postmaster hold the pipe open: then do not wait for its end.
    const timer = setTimeout(() => resolve({ code, signal }), POLL_MS * 20)
    child.on('close', () => {
      clearTimeout(timer)
      resolve({ code, signal })
    })
  })
  child.on('error', () => resolve({ code: null, signal: null }))
  return promise
}

function spawned(child: ChildProcess, program: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.on('spawn', () => resolve(child.pid ?? 0))
  child.on('error', (error) => reject(fromSpawnError(error, program)))
  return promise
}

async function stopPostmaster(
  child: ChildProcess,
  guardian: Guardian,
  options: PostmasterOptions,
  limits: StopLimits,
): Promise<void> {
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null
  const steps = [
    { mode: 'fast', signal: 'SIGINT', limitMs: limits.fastMs },
    { mode: 'immediate', signal: 'SIGQUIT', limitMs: limits.immediateMs },
  ] as const
  for (const { mode, signal, limitMs } of steps) {
    if (hasExited()) break
    if (process.platform === 'win32') await stopByPgCtl(options, mode)
    else if (child.pid !== undefined) sendSignal(child.pid, signal)
    if (!(await waitUntil(hasExited, limitMs))) options.log(`the ${mode} shutdown took longer than ${limitMs} ms`)
  }
  if (!hasExited()) child.kill('SIGKILL')
  const isGone = await waitUntil(hasExited, limits.killMs)
  guardian.dismiss()
  // Backends of a postmaster that did not end by itself are still there.
  await endClusterProcesses(options.clusterDir, { ...limits, fastMs: 0 })
  if (!isGone) {
    throw new EmbeddedPostgresError(
      'START_FAILED',
      `PostgreSQL (process ${child.pid}) does not end, not even by SIGKILL`,
      'It waits for a disk that does not answer: check the storage.',
    )
  }
}

/** Windows knows no signals; pg_ctl uses PostgreSQL's own emulation of them. */
async function stopByPgCtl(options: PostmasterOptions, mode: string): Promise<void> {
  const args = ['stop', '-D', options.clusterDir, '-m', mode, '--no-wait']
  await run(options.binaries.pgCtl, args, { cwd: options.clusterDir, user: undefined })
}
