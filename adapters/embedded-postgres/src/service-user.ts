// Who PostgreSQL runs as. It refuses to run as root, so as root (containers, CI) every process of it is started with
// another uid and gid; otherwise as ourselves. Nothing is created in the system: initdb only needs a uid that has a
// name in /etc/passwd, postgres itself not even that (both measured), and `nobody` is in every base image.
import { readFileSync, type Stats, statSync } from 'node:fs'
import { EmbeddedPostgresError } from './errors.ts'

export interface ServiceUser {
  readonly uid: number
  readonly gid: number
}

const PREFERRED = ['postgres', '_postgres', 'nobody']

/**
 * The user to drop to, or undefined when there is nothing to drop (not root, or Windows). The owner of an existing
 * cluster wins, because PostgreSQL refuses a data directory that somebody else owns.
 */
export function chooseServiceUser(
  clusterDir: string,
  uid: number | undefined = process.getuid?.(),
  passwdFile = '/etc/passwd',
): ServiceUser | undefined {
  if (uid !== 0) return undefined
  const owner = statSync(clusterDir, { throwIfNoEntry: false })
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const users = readUsers(passwdFile)
  for (const name of PREFERRED) {
    const user = users.get(name)
    if (user !== undefined) return user
  }
  const [any] = users.values()
  if (any !== undefined) return any
  throw new EmbeddedPostgresError(
    'NOT_PERMITTED',
    'PostgreSQL refuses to run as root and this system has no other user to run it as',
    `Add one (echo 'postgres:x:999:999::/nonexistent:/bin/false' >> ${passwdFile}), start as another user, or set DATABASE_URL.`,
  )
}

function readUsers(passwdFile: string): Map<string, ServiceUser> {
  const users = new Map<string, ServiceUser>()
  let text = ''
  try {
    text = readFileSync(passwdFile, 'utf8')
  } catch {
    return users // no file, no users: the caller says so
  }
  for (const line of text.split('\n')) {
    const [name = '', , uid = '', gid = ''] = line.split(':')
    if (!/^-?\d+$/.test(uid) || !/^-?\d+$/.test(gid) || Number(uid) === 0) continue
    users.set(name, { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }) // macOS writes nobody as -2
  }
  return users
}

/** Whether `user` may pass through a directory with these attributes. */
export function isTraversable(stats: Stats, user: ServiceUser | undefined): boolean {
  if (user === undefined) return true
  if (stats.uid === user.uid) return (stats.mode & 0o100) !== 0
  if (stats.gid === user.gid) return (stats.mode & 0o010) !== 0
  return (stats.mode & 0o001) !== 0
}
