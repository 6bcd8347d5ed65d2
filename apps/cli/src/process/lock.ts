/**
 * One parent per data directory. Node has no file locks, and "create it, remove a stale one" loses a race: of two that find
 * it stale, one removes the other's new lock. So a lock is a generation: files `parent.lock.1, .2, …`, hard-linked whole
 * (which fails if the name exists) and never changed. The highest rules while its process lives; taking over a dead one,
 * and letting go, both create the next number, so no step can undo another's.
 */
import { randomBytes } from 'node:crypto'
import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandError } from '../failure.ts'
import { identifyProcess, isRunning, type ProcessIdentity } from './identity.ts'

const prefix = 'parent.lock.'
/** Each lost round means that another process went ahead; more than this is no race but a fault. */
const maxRounds = 20

/** A lock that is held. */
export interface DirectoryLock {
  release(): void
}

interface Generation {
  readonly number: number
  readonly holder: ProcessIdentity | undefined
}

/** Takes the lock, or answers who has it. */
export function takeLock(directory: string): DirectoryLock | ProcessIdentity {
  const self = identifyProcess(process.pid)
  if (self === undefined) throw new CommandError('this process cannot find out its own start time', 'Is /proc mounted?')
  for (let round = 0; round < maxRounds; round++) {
    const current = readCurrent(directory)
    if (current.holder !== undefined && isRunning(current.holder)) return current.holder
    const next = current.number + 1
    if (create(directory, next, self)) return { release: () => release(directory, next) }
  }
  throw new CommandError(`the lock of ${directory} changed ${maxRounds} times while it was being taken`)
}

function release(directory: string, held: number): void {
  try {
    if (readCurrent(directory).number === held) create(directory, held + 1, undefined)
  } catch {
    // The folder is gone, or the disk is full: the end of this process lets go as well.
  }
}

function create(directory: string, number: number, holder: ProcessIdentity | undefined): boolean {
  const draft = join(directory, `${prefix}draft-${process.pid}-${randomBytes(4).toString('hex')}`)
  try {
    writeFileSync(draft, holder === undefined ? '' : JSON.stringify(holder), { mode: 0o600, flag: 'wx' })
    linkSync(draft, join(directory, prefix + number))
  } catch (error) {
    if (['EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
  for (const older of numbersIn(directory)) if (older < number) rmSync(join(directory, prefix + older), { force: true })
  return true
}

function numbersIn(directory: string): readonly number[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
}

function readCurrent(directory: string): Generation {
  const number = Math.max(0, ...numbersIn(directory))
  if (number === 0) return { number, holder: undefined }
  try {
    const { pid, startedAt } = JSON.parse(readFileSync(join(directory, prefix + number), 'utf8')) as ProcessIdentity
    return { number, holder: { pid: Number(pid), startedAt: String(startedAt) } }
  } catch {
    return { number, holder: undefined }
  }
}
