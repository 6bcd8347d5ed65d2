// The folder the caller names, and what lies in it:
//   cluster/            PostgreSQL's data directory, owned by the user it runs as
//   password            the administrator's password, mode 600, ours
//   supervisor.lock.N   who holds the folder (lock.ts)
// The folder itself stays ours with mode 700 even when the server runs as another user: what root writes here the
// service user cannot exchange for a link to somewhere else.
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { createCluster, hasCluster, setPassword } from './cluster.ts'
import { EmbeddedPostgresError, fromSystemError } from './errors.ts'
import { syncPath } from './file-tree.ts'
import { ancestors } from './safe-directory.ts'
import { isTraversable, type ServiceUser } from './service-user.ts'

export interface DataDirectory {
  /** Real path of the folder. */
  readonly path: string
  readonly clusterDir: string
}

export interface PreparedData {
  readonly password: string
  readonly freshlyInitialised: boolean
}

/** Makes the folder, or checks that an existing one is ours. */
export function openDataDirectory(dataDir: string): DataDirectory {
  try {
    const created = mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    const path = realpathSync(dataDir)
    const own = process.getuid?.()
    const stats = lstatSync(path)
    if (own !== undefined && stats.uid !== own) throw notOurs(path, stats.uid, own)
    if (created === undefined && (stats.mode & 0o077) !== 0) assertDedicated(path)
    chmodSync(path, 0o700)
    return { path, clusterDir: join(path, 'cluster') }
  } catch (error) {
    throw fromSystemError(error, `Cannot use the data folder ${dataDir}`)
  }
}

/** Closing a folder to others is right for a data folder and a disaster for /var/lib. */
function assertDedicated(path: string): void {
  const names = readdirSync(path)
  if (names.some((name) => name === 'cluster' || name.startsWith('supervisor.lock.'))) return
  const foreign = names.find((name) => name !== 'lost+found')
  if (foreign === undefined) return
  throw new EmbeddedPostgresError(
    'NOT_PERMITTED',
    `The data folder ${path} already holds something else (${foreign})`,
    'Name a folder that is empty or does not exist yet (BANYAN_DATA_DIR).',
  )
}

function notOurs(path: string, owner: number, own: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'NOT_PERMITTED',
    `The data folder ${path} belongs to user ${owner}, this process runs as ${own}`,
    `Start as that user, give it to this one (chown ${own} ${path}), or choose another folder (BANYAN_DATA_DIR).`,
  )
}

/** Creates the cluster when there is none; makes a lost password good. Only with the lock, and no server running. */
export async function prepareData(
  directory: DataDirectory,
  binaries: Binaries,
  user: ServiceUser | undefined,
  packageVersion: string,
): Promise<PreparedData> {
  removeLeftovers(directory.path)
  assertReachable(directory.path, user)
  const { clusterDir } = directory
  const existing = hasCluster(clusterDir, packageVersion)
  const stored = existing ? readPassword(directory.path) : undefined
  if (stored !== undefined) return { password: stored, freshlyInitialised: false }
  const password = randomBytes(24).toString('base64url')
  const cluster = { clusterDir, binaries, user, password }
  if (existing) {
    await setPassword(cluster)
    writePassword(directory.path, password)
  } else {
    await createCluster(cluster, () => writePassword(directory.path, password))
  }
  return { password, freshlyInitialised: !existing }
}

/** Where /proc/self/cwd is no way in (macOS as root), the service user has to be able to walk there. */
function assertReachable(path: string, user: ServiceUser | undefined): void {
  if (user === undefined || process.platform === 'linux') return
  chmodSync(path, 0o711)
  const closed = ancestors(path).find((directory) => !isTraversable(lstatSync(directory), user))
  if (closed === undefined) return
  throw new EmbeddedPostgresError(
    'NOT_PERMITTED',
    `PostgreSQL cannot run as root, and its user ${user.uid} cannot enter ${closed}`,
    'Start without sudo, or choose a data folder outside it (BANYAN_DATA_DIR).',
  )
}

/** What a start that died halfway left: we hold the lock, so nobody is at it. */
function removeLeftovers(path: string): void {
  for (const name of readdirSync(path)) {
    if (/^(cluster|password)\.new-/.test(name)) rmSync(join(path, name), { recursive: true, force: true })
  }
}

function readPassword(path: string): string | undefined {
  try {
    const password = readFileSync(join(path, 'password'), 'utf8').trim()
    return password === '' ? undefined : password
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw fromSystemError(error, 'Cannot read the administrator password')
  }
}

function writePassword(path: string, password: string): void {
  const draft = join(path, `password.new-${randomBytes(4).toString('hex')}`)
  const handle = openSync(draft, 'wx', 0o600)
  try {
    writeSync(handle, `${password}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(draft, join(path, 'password'))
  syncPath(path)
}
