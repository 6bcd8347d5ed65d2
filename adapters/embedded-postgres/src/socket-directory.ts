// Where clients reach the server: a Unix socket in a directory of mode 700, so that no other user of the machine can
// even try a password. Its path is short (the kernel allows about 100 bytes) and derived from the data directory, so
// that the address of a project stays the same from start to start.
import { createHash } from 'node:crypto'
import { chmodSync, lchownSync, lstatSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureSafeDirectory, firstUsable } from './safe-directory.ts'
import type { ServiceUser } from './service-user.ts'

/** The port only names the socket file (.s.PGSQL.5432); nothing listens on TCP. */
export const SOCKET_PORT = 5432

/** sun_path: 104 bytes on macOS, 108 on Linux, with a terminating zero. */
const MAX_SOCKET_PATH_BYTES = 103
const LONGEST_NAME = '/0123456789abcdef/.s.PGSQL.5432.lock'

export function createSocketDirectory(
  dataDir: string,
  user: ServiceUser | undefined,
  temporary: string = tmpdir(),
): string {
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 10)
  const base = `banyan-${process.getuid?.() ?? 0}`
  const bases = [...new Set([join(temporary, base), join('/tmp', base)])].filter(isUsablePath)
  return firstUsable(bases, (path) => {
    const parent = ensureSafeDirectory(path, user === undefined ? 0o700 : 0o711, user)
    return openPrivate(parent, name, user)
  })
}

/** PostgreSQL splits this setting at commas and quotes, and the kernel limits its length. */
function isUsablePath(path: string): boolean {
  return /^[\w./+-]+$/.test(path) && Buffer.byteLength(path + LONGEST_NAME) <= MAX_SOCKET_PATH_BYTES
}

function openPrivate(parent: string, name: string, user: ServiceUser | undefined): string {
  const path = join(parent, name)
  const existing = lstatSync(path, { throwIfNoEntry: false })
  const owner = user?.uid ?? process.getuid?.()
  if (existing !== undefined && !(existing.isDirectory() && existing.uid === owner)) {
    // Only we and the service user can have made it: from a time with another service user.
    rmSync(path, { recursive: true, force: true })
  }
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (user !== undefined) lchownSync(path, user.uid, user.gid)
  chmodSync(path, 0o700)
  return path
}

/** Removes the socket of a dead server. Only call it when no server of this directory lives. */
export function clearSocketDirectory(path: string): void {
  for (const suffix of ['', '.lock']) rmSync(join(path, `.s.PGSQL.${SOCKET_PORT}${suffix}`), { force: true })
}

export function removeSocketDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true })
}
