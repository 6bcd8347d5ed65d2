// Which process is which. A pid alone proves nothing: pids are reused, at once in a small container. With the time the
// process started it is an identity. Read from /proc on Linux, from ps elsewhere; on Windows only the pid is known.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface ProcessIdentity {
  readonly pid: number
  /** Opaque, compared for equality only. 'unknown' where the system does not tell. */
  readonly startedAt: string
}

/** undefined when no such process lives (a zombie does not). */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  if (process.platform === 'linux') return fromProc(pid)
  if (process.platform === 'win32') return isSignalable(pid) ? { pid, startedAt: 'unknown' } : undefined
  const result = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env: { LC_ALL: 'C' } })
  const startedAt = result.stdout?.trim() ?? ''
  return startedAt === '' ? undefined : { pid, startedAt }
}

export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity | undefined): boolean {
  return b !== undefined && a.pid === b.pid && a.startedAt === b.startedAt
}

/** Fields of /proc/<pid>/stat after the command: state is the first, ppid the second, start time the twentieth. */
export function readProcStat(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

function fromProc(pid: number): ProcessIdentity | undefined {
  const fields = readProcStat(pid)
  if (fields === undefined || fields[0] === 'Z' || fields[0] === 'X') return undefined
  return { pid, startedAt: `${bootId()}:${fields[19]}` }
}

/** Start times count from boot, so the boot is part of the identity. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

export function isSignalable(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
