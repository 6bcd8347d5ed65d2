// An empty PostgreSQL cluster in a temporary folder, owned by a user that PostgreSQL agrees to run as.
import { execFile } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Where a cluster lies and who may run it. */
export interface Cluster {
  readonly folder: string
  readonly data: string
  readonly log: string
  readonly password: string
  readonly binaries: string
  readonly user: { uid?: number; gid?: number }
}

/** Makes an empty cluster with scram passwords, by `initdb`. The caller removes the folder. */
export async function createCluster(binaries: string): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-pg-'))
  const user = serviceUser()
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid)
  const password = `test-${process.pid}`
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password)
  chmodSync(passwordFile, 0o644)
  const data = join(folder, 'data')
  const flags = [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    '--pwfile',
    passwordFile,
    '-E',
    'UTF8',
    '--no-sync',
  ]
  const locale = ['--locale', 'C', '--no-instructions']
  await promisify(execFile)(join(binaries, 'initdb'), [...flags, ...locale], { cwd: folder, ...user })
  return { folder, data, log: join(folder, 'log'), password, binaries, user }
}

// PostgreSQL refuses to run as root.
function serviceUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const account = ['postgres', 'nobody'].flatMap((name) => accounts.filter((fields) => fields[0] === name))[0]
  if (account === undefined) throw new Error('root cannot run PostgreSQL, and there is no user postgres or nobody')
  return { uid: Number(account[2]), gid: Number(account[3]) }
}
