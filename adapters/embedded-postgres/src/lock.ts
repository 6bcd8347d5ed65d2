// One supervisor per data directory. Node has no file locks, and "create the lock file, delete a stale one" is not
// race-safe: of two that find it stale, one deletes the other's new lock. So a lock is a *generation*: files
// `supervisor.lock.1, .2, …`, each written whole under another name and then hard-linked (which fails if it exists),
// never changed. The highest one rules; its process holds the lock while it lives. Taking over a dead one, and
// releasing, both mean creating the next number, so no step can undo another's. Lower numbers are then removed.
import { randomBytes } from 'node:crypto'
import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedPostgresError } from './errors.ts'
import { identifyProcess, isSameProcess, type ProcessIdentity } from './process-identity.ts'

const PREFIX = 'supervisor.lock.'
/** Each lost round means that another process went ahead; more than this is not a race but a fault. */
const MAX_ATTEMPTS = 20

interface Generation {
  readonly number: number
  /** undefined: released. */
  readonly holder: ProcessIdentity | undefined
}

export interface Lock {
  release(): void
}

/** Takes the lock of `directory` or throws ALREADY_RUNNING naming the process that holds it. */
export function acquireLock(directory: string): Lock {
  const self = identifyProcess(process.pid)
  if (self === undefined) throw new Error('this process cannot identify itself (is /proc mounted?)')
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const current = readCurrent(directory)
    const holder = current.holder
    if (holder !== undefined && isSameProcess(holder, identifyProcess(holder.pid)))
      throw alreadyRunning(directory, holder)
    const next = { number: current.number + 1, holder: self }
    if (create(directory, next)) return { release: () => release(directory, next) }
  }
  throw new Error(`${directory}: the lock changed ${MAX_ATTEMPTS} times while it was being taken`)
}

function release(directory: string, held: Generation): void {
  try {
    const current = readCurrent(directory)
    if (current.number === held.number) create(directory, { number: held.number + 1, holder: undefined })
  } catch {
    // The folder was removed, or its disk has not even an inode left: the end of this process releases as well.
  }
}

function create(directory: string, generation: Generation): boolean {
  const draft = join(directory, `${PREFIX}draft-${process.pid}-${randomBytes(4).toString('hex')}`)
  try {
    // Released is an empty file: it must be possible on a full disk.
    const content = generation.holder === undefined ? '' : JSON.stringify({ holder: generation.holder })
    writeFileSync(draft, content, { mode: 0o600, flag: 'wx' })
    linkSync(draft, join(directory, PREFIX + generation.number))
  } catch (error) {
    // ENOENT: the winner of this round removed our draft with the rest.
    if (['EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
  removeBelow(directory, generation.number)
  return true
}

function removeBelow(directory: string, number: number): void {
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(PREFIX)) continue
    const generation = Number(name.slice(PREFIX.length))
    if (Number.isNaN(generation) || generation < number) rmSync(join(directory, name), { force: true })
  }
}

function readCurrent(directory: string): Generation {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const numbers = readdirSync(directory)
      .filter((name) => name.startsWith(PREFIX))
      .map((name) => Number(name.slice(PREFIX.length)))
      .filter((number) => Number.isSafeInteger(number))
    if (numbers.length === 0) return { number: 0, holder: undefined }
    const number = Math.max(...numbers)
    const holder = readHolder(join(directory, PREFIX + number))
    if (holder !== 'gone') return { number, holder }
  }
  throw new Error(`${directory}: the lock could not be read`)
}

function readHolder(path: string): ProcessIdentity | undefined | 'gone' {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone' // a higher one exists by now
    throw error
  }
  try {
    return (JSON.parse(text) as { holder?: ProcessIdentity }).holder ?? undefined
  } catch {
    return undefined // released; or emptied by a power cut, and then whoever wrote it is dead
  }
}

function alreadyRunning(directory: string, holder: ProcessIdentity): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'ALREADY_RUNNING',
    `Process ${holder.pid} already runs a database on ${directory}`,
    `Stop it (kill ${holder.pid}), or give this one a data folder of its own (BANYAN_DATA_DIR).`,
  )
}
