// Finding and ending what is left of an earlier server on a cluster: a postmaster orphaned by `kill -9` of its
// supervisor, or backends that a killed postmaster left behind (one busy with a long query does not notice, and as
// long as it lives PostgreSQL rightly refuses to start). A process counts only when it is proved to be a postgres of
// this very cluster: on Linux its working directory is the cluster, elsewhere its command line names it. The pid in
// postmaster.pid alone proves nothing, it may be somebody else's by now.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EmbeddedPostgresError } from './errors.ts'
import { readProcStat } from './process-identity.ts'

export const POLL_MS = 10

/** How long each kind of shutdown may take before the next, harsher one. */
export interface StopLimits {
  /** Fast: sessions are ended, a checkpoint is written. */
  readonly fastMs: number
  /** Immediate: no checkpoint, the next start recovers from the log. Loses nothing that was committed. */
  readonly immediateMs: number
  /** After SIGKILL: until the kernel has taken the processes away. */
  readonly killMs: number
}

export const DEFAULT_STOP_LIMITS: StopLimits = { fastMs: 15_000, immediateMs: 5_000, killMs: 5_000 }

export function findClusterProcesses(clusterDir: string): number[] {
  if (process.platform === 'linux') return findByWorkingDirectory(clusterDir)
  const pid = readPostmasterPid(clusterDir)
  return pid !== undefined && isPostgresOf(pid, clusterDir) ? [pid] : []
}

function findByWorkingDirectory(clusterDir: string): number[] {
  const names = new Set([clusterDir, `${clusterDir} (deleted)`])
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => names.has(readLink(`/proc/${pid}/cwd`)) && isPostgresProgram(pid) && isAlive(pid))
}

function isPostgresProgram(pid: number): boolean {
  return basename(readLink(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '')) === 'postgres'
}

function isAlive(pid: number): boolean {
  const state = readProcStat(pid)?.[0]
  return state !== undefined && state !== 'Z' && state !== 'X'
}

function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // gone meanwhile, or another user's
  }
}

function isPostgresOf(pid: number, clusterDir: string): boolean {
  const result = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8', env: { LC_ALL: 'C' } })
  const command = result.stdout ?? ''
  return command.includes('postgres') && command.includes(clusterDir)
}

export function readPostmasterPid(clusterDir: string): number | undefined {
  const pid = Number(readPostmasterFile(clusterDir)[0])
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
}

/** Lines of postmaster.pid: pid, data directory, start time, port, socket directory, address, shared memory, state. */
export function readPostmasterFile(clusterDir: string): readonly string[] {
  try {
    return readFileSync(join(clusterDir, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}

/** Ends every process of the cluster, gently first, and removes its lock file. Resolves when none is left. */
export async function endClusterProcesses(clusterDir: string, limits: StopLimits): Promise<number[]> {
  const found = findClusterProcesses(clusterDir)
  const steps = [
    { signal: 'SIGINT', limitMs: limits.fastMs },
    { signal: 'SIGQUIT', limitMs: limits.immediateMs },
    { signal: 'SIGKILL', limitMs: limits.killMs },
  ] as const
  for (const { signal, limitMs } of steps) {
    const roots =
      signal === 'SIGKILL' ? findClusterProcesses(clusterDir) : withoutChildren(findClusterProcesses(clusterDir))
    if (roots.length === 0) break
    for (const pid of roots) sendSignal(pid, signal)
    await waitUntil(() => findClusterProcesses(clusterDir).length === 0, limitMs)
  }
  const left = findClusterProcesses(clusterDir)
  if (left.length > 0) throw cannotEnd(clusterDir, left)
  rmSync(join(clusterDir, 'postmaster.pid'), { force: true })
  return found
}

/** The postmaster alone when there is one: a signal to its children would be one to a session, not to the server. */
function withoutChildren(pids: readonly number[]): number[] {
  const all = new Set(pids)
  return pids.filter((pid) => !all.has(Number(readProcStat(pid)?.[1] ?? 0)))
}

export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // gone meanwhile; or not ours, which the wait that follows finds out
  }
}

/** Polls until `condition` holds; false when it did not within the limit. */
export async function waitUntil(condition: () => boolean, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() >= deadline) return false
    await delay(POLL_MS)
  }
  return true
}

function cannotEnd(clusterDir: string, pids: readonly number[]): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'ALREADY_RUNNING',
    `A PostgreSQL still runs on ${clusterDir} (process ${pids.join(', ')}) and could not be ended`,
    `End it as the user who started it (kill ${pids[0]}), then start again.`,
  )
}
