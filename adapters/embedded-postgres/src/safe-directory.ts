// Directories nobody else can tamper with. What is run from a cache, or connected to under /tmp, must not be plantable
// by another user of the machine: so every component up to the root has to belong to us or to root and must not be
// writable by others (unless sticky, as /tmp is), like sshd's StrictModes. A directory that fails is not repaired:
// somebody else may be inside already.
import { chmodSync, lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { EmbeddedPostgresError } from './errors.ts'
import { isTraversable, type ServiceUser } from './service-user.ts'

/** Makes `path` (and its parents) if needed and returns its real path. Throws NOT_PERMITTED when it is not safe. */
export function ensureSafeDirectory(path: string, mode: number, traveller?: ServiceUser): string {
  const created = mkdirSync(path, { recursive: true, mode })
  const real = realpathSync(path)
  if (process.getuid === undefined) return real // Windows: the profile folders carry their own access lists
  if (created !== undefined) chmodSync(real, mode) // the umask had its say in mkdir
  const own = process.getuid()
  assertOwnDirectory(real, own)
  for (const directory of ancestors(real)) {
    const stats = lstatSync(directory)
    if (stats.uid !== 0 && stats.uid !== own) throw unsafe(directory, `belongs to user ${stats.uid}`)
    if ((stats.mode & 0o022) !== 0 && (stats.mode & 0o1000) === 0) throw unsafe(directory, 'is writable by others')
    if (!isTraversable(stats, traveller)) throw unsafe(directory, 'is closed to the user PostgreSQL runs as')
  }
  return real
}

function assertOwnDirectory(directory: string, own: number): void {
  const stats = lstatSync(directory)
  if (!stats.isDirectory()) throw unsafe(directory, 'is not a directory')
  if (stats.uid !== own) throw unsafe(directory, `belongs to user ${stats.uid}, not to ${own}`)
  if ((stats.mode & 0o022) !== 0) throw unsafe(directory, 'is writable by others')
}

export function ancestors(path: string): string[] {
  const list = [path]
  for (let at = path; dirname(at) !== at; at = dirname(at)) list.push(dirname(at))
  return list
}

function unsafe(directory: string, reason: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'NOT_PERMITTED',
    `${directory} ${reason}`,
    'Remove the folder or correct its owner and mode (chmod go-w), or name another one with cacheDir.',
  )
}

/** The first directory that can be made safe; when none can, the reasons of all of them. */
export function firstUsable<T>(candidates: readonly string[], attempt: (candidate: string) => T): T {
  const reasons: string[] = []
  for (const candidate of candidates) {
    try {
      return attempt(candidate)
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOSPC' || (error as { code?: string }).code === 'DISK_FULL')
        throw error
      reasons.push(`${candidate}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new EmbeddedPostgresError(
    'NOT_PERMITTED',
    `No usable folder found: ${reasons.join('; ')}`,
    'Make one of them writable for this user, or name another one with cacheDir.',
  )
}
