// A cluster (PostgreSQL's data directory) on disk: made from a template, given its own identity and administrator
// password, and only then renamed into place, so that a start that dies halfway leaves nothing that looks usable.
// initdb runs once per version (0.9 to 2 s where measured); a copy takes a third of that.
import { randomBytes } from 'node:crypto'
import { existsSync, lchownSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { renewSystemIdentifier } from './cluster-identity.ts'
import { EmbeddedPostgresError, fromLog } from './errors.ts'
import { copyTree, giveTree, syncPath, syncTree } from './file-tree.ts'
import { publishDirectory } from './published-directory.ts'
import { run } from './run.ts'
import type { ServiceUser } from './service-user.ts'

/** The administrator role, under the name every PostgreSQL tool expects. */
export const ADMINISTRATOR = 'postgres'

/**
 * How a cluster is named to PostgreSQL. After dropping from root it may lie below directories the service user cannot
 * pass (a project under /root): the process is started *inside* it, chdir happens before the drop, and on Linux
 * /proc/self/cwd is a path to it that needs no passing. So the data stay where they were asked for.
 */
export function clusterArgument(clusterDir: string, user: ServiceUser | undefined): string {
  return user !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : clusterDir
}

export interface NewCluster {
  readonly clusterDir: string
  readonly binaries: Binaries
  readonly user: ServiceUser | undefined
  readonly password: string
}

/** Builds the cluster beside its place; `beforePublish` runs when it is whole but not yet visible. */
export async function createCluster(wanted: NewCluster, beforePublish: () => void): Promise<void> {
  const template = await ensureTemplate(wanted.binaries, wanted.user)
  const staging = `${wanted.clusterDir}.new-${randomBytes(4).toString('hex')}`
  try {
    copyTree(template, staging, {
      directoryMode: 0o700,
      fileMode: () => 0o600,
      owner: wanted.user,
      skip: (name) => name === 'banyan-manifest.json',
    })
    renewSystemIdentifier(staging)
    await setPassword({ ...wanted, clusterDir: staging })
    await syncTree(staging)
    beforePublish()
    renameSync(staging, wanted.clusterDir)
    syncPath(join(wanted.clusterDir, '..'))
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

/**
 * Sets the administrator's password in a cluster that is not running, which is how one is set at all (the template has
 * none, so it lets nobody in) and how a lost password file is made good.
 */
export async function setPassword(cluster: NewCluster): Promise<void> {
  const { clusterDir, binaries, user, password } = cluster
  if (!/^[\w-]+$/.test(password)) throw new Error('the administrator password may hold only letters, digits, _ and -')
  const directory = clusterArgument(clusterDir, user)
  // A statement that fails must not write the password into the log.
  const args = ['--single', '-D', directory, '-c', 'log_min_error_statement=panic', 'template1']
  const input = `ALTER ROLE ${ADMINISTRATOR} PASSWORD '${password}'\n`
  const result = await run(binaries.postgres, args, { cwd: clusterDir, user, input })
  const isFailure = (line: string): boolean => /\b(ERROR|FATAL|PANIC):/.test(line)
  if (result.status !== 0 || result.lines.some(isFailure)) {
    throw fromLog(result.lines, 'PostgreSQL could not set the administrator password')
  }
}

async function ensureTemplate(binaries: Binaries, user: ServiceUser | undefined): Promise<string> {
  return publishDirectory(binaries.cacheDir, `template-${binaries.key}`, async (staging) => {
    mkdirSync(staging, { mode: 0o700 })
    if (user !== undefined) lchownSync(staging, user.uid, user.gid)
    await initialise(binaries, staging, user)
    // What root copies into every later cluster must not lie in the hands of the user the servers run as.
    if (user !== undefined) giveTree(staging, { uid: 0, gid: 0 })
  })
}

async function initialise(binaries: Binaries, directory: string, user: ServiceUser | undefined): Promise<void> {
  // scram everywhere needs a password: one that nobody knows, so that nobody can log into a template or a part of one.
  const passwordFile = `${directory}.password`
  const args = ['-D', clusterArgument(directory, user), '-U', ADMINISTRATOR, '--no-sync', '--no-instructions']
  args.push('--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C')
  args.push('--auth=scram-sha-256', `--pwfile=${passwordFile}`)
  try {
    writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' })
    if (user !== undefined) lchownSync(passwordFile, user.uid, user.gid)
    const result = await run(binaries.initdb, args, { cwd: directory, user })
    if (result.status !== 0) throw fromLog(result.lines, 'PostgreSQL could not create a database (initdb)')
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

/** Whether there is a cluster; throws WRONG_VERSION or CORRUPT when there is one that cannot be used. */
export function hasCluster(clusterDir: string, packageVersion: string): boolean {
  const found = readVersion(clusterDir)
  if (found === undefined) return false
  const major = packageVersion.split('.')[0] ?? ''
  if (found === major) return true
  const code = found === '' ? 'CORRUPT' : 'WRONG_VERSION'
  const message =
    found === ''
      ? `${clusterDir} is not a PostgreSQL data directory (PG_VERSION is missing)`
      : `${clusterDir} was written by PostgreSQL ${found}, this is ${major}`
  const hint =
    found === ''
      ? 'Restore a backup of it, or move it away and start with an empty one (banyan dev --fresh).'
      : `Dump it with PostgreSQL ${found} and load the dump into an empty one, or set DATABASE_URL to a server.`
  throw new EmbeddedPostgresError(code, message, hint)
}

/** undefined: no such directory; empty: a directory that is no cluster. */
function readVersion(clusterDir: string): string | undefined {
  try {
    return readFileSync(join(clusterDir, 'PG_VERSION'), 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return existsSync(clusterDir) ? '' : undefined
  }
}
