/** The data directory of a system: one parent at a time, nothing of an earlier one left running, empty when that is wanted. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandError } from '../failure.ts'
import { isSchemaCache } from '../host/schemas.ts'
import { type DirectoryLock, takeLock } from '../process/lock.ts'
import { endOrphans, type RecordedChild, readRunRecord, removeRunRecord } from '../process/run-record.ts'

/** See the top of the file. */
export interface DataDirectory {
  readonly path: string
  /** Names whoever may change the state of the running system; in a file that only this user can read. */
  readonly token: string
  /** What an earlier parent had left running. */
  readonly ended: readonly RecordedChild[]
  /** Tells that nothing runs here any more. */
  close(): void
}

/** What is in the folder and belongs to the system's state, besides a folder for each extra process. */
const stateNames = ['postgres', 'passwords', 'instance']

/** Opens it; throws a {@link CommandError} naming who else runs there. */
export async function openDataDirectory(
  path: string,
  options: { readonly fresh: boolean; readonly processNames: readonly string[] },
): Promise<DataDirectory> {
  create(path)
  const lock = takeLock(path)
  if ('pid' in lock) throw alreadyRunning(path, lock.pid)
  try {
    const ended = await endOrphans(readRunRecord(path)?.children ?? [])
    removeRunRecord(path)
    // Only what we know by name: the folder may be somebody's home.
    if (options.fresh)
      for (const name of [...stateNames, ...options.processNames, ...readdirSync(path).filter(isSchemaCache)])
        rmSync(join(path, name), { recursive: true, force: true })
    boundCompileCache(path)
    return { path, token: readToken(path), ended, close: () => close(path, lock) }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** Every version of every file that was ever run leaves an entry; at this many it begins anew. */
const maxCompiled = 4_000

function boundCompileCache(path: string): void {
  const cache = join(path, 'compile-cache')
  if (!existsSync(cache)) return
  if (readdirSync(cache, { recursive: true }).length > maxCompiled) rmSync(cache, { recursive: true, force: true })
}

function create(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new CommandError(
      `the data directory ${path} cannot be made: ${(error as Error).message}`,
      'Choose another with BANYAN_DATA_DIR.',
    )
  }
}

function close(path: string, lock: DirectoryLock): void {
  removeRunRecord(path)
  lock.release()
}

function readToken(path: string): string {
  const file = join(path, 'token')
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
  return readFileSync(file, 'utf8').trim()
}

function alreadyRunning(path: string, pid: number): CommandError {
  const record = readRunRecord(path)
  const where = record?.parent.pid === pid ? `: gateway ${record.gateway}, status ${record.control}` : ''
  return new CommandError(
    `a system already runs on ${path} (pid ${pid})${where}`,
    `Stop it (kill ${pid}), or set BANYAN_DATA_DIR to another folder to run a second one.`,
  )
}
