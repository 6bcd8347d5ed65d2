/**
 * Which process is which. A pid alone proves nothing, since pids are given again; with the time the process started it is an
 * identity. Read from /proc on Linux, from ps on other Unixes; on Windows only the pid is known, and nothing is killed by it.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** See the top of the file. */
export interface ProcessIdentity {
  readonly pid: number
  /** Opaque, compared for equality only. `unknown` where the system does not tell. */
  readonly startedAt: string
}

/** Undefined when no such process lives (a zombie does not). */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  if (process.platform === 'linux') return fromProc(pid)
  if (process.platform === 'win32') return isThere(pid) ? { pid, startedAt: 'unknown' } : undefined
  const found = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env: { LC_ALL: 'C' } })
  const startedAt = found.stdout?.trim() ?? ''
  return startedAt === '' ? undefined : { pid, startedAt }
}

/** Whether that very process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  const now = identifyProcess(identity.pid)
  return now !== undefined && now.startedAt === identity.startedAt
}

/** Whether it may be killed by its number: never when the system does not tell who has the number now. */
export function isSurelyRunning(identity: ProcessIdentity): boolean {
  return identity.startedAt !== 'unknown' && isRunning(identity)
}

function fromProc(pid: number): ProcessIdentity | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    // After the command: state is the first field, the start time in ticks since boot the twentieth.
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return { pid, startedAt: `${bootId()}:${fields[19]}` }
  } catch {
    return undefined
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
