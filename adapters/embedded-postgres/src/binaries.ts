// The PostgreSQL programs, outside node_modules. They are copied once per package version into a cache, because in
// node_modules they cannot always run: the project may lie under a home of mode 700 that the service user cannot pass,
// `npm ci --ignore-scripts` leaves the library links of native/lib unmade, and `npm ci` under a running server would
// pull its libraries away. The links are made here, as hard links.
import { copyFileSync, existsSync, linkSync, readFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { EmbeddedPostgresError, fromSystemError } from './errors.ts'
import { copyTree } from './file-tree.ts'
import type { PlatformPackage } from './platform.ts'
import { publishDirectory } from './published-directory.ts'
import { run } from './run.ts'
import { ensureSafeDirectory, firstUsable } from './safe-directory.ts'
import type { ServiceUser } from './service-user.ts'

export interface Binaries {
  /** The cache folder, which also holds the template. */
  readonly cacheDir: string
  /** Names the version in the cache: package version and platform. */
  readonly key: string
  readonly postgres: string
  readonly initdb: string
  readonly pgCtl: string
}

/** Copies the programs into the first cache folder that is safe and from which they run. */
export async function installBinaries(
  source: PlatformPackage,
  user: ServiceUser | undefined,
  cacheDir?: string,
): Promise<Binaries> {
  const candidates = cacheDir === undefined ? defaultCacheDirs() : [cacheDir]
  const failures: EmbeddedPostgresError[] = []
  for (let rest = candidates; rest.length > 0; ) {
    const [root, used] = firstUsable(rest, (path) => [ensureSafeDirectory(path, 0o755, user), path] as const)
    try {
      return await installInto(root, source, user)
    } catch (error) {
      // A mount with noexec, a read-only file system: the next candidate may do.
      const failure = fromSystemError(error, `Cannot copy PostgreSQL to ${root}`)
      if (failure.code !== 'NOT_PERMITTED') throw failure
      failures.push(failure)
      rest = rest.slice(rest.indexOf(used) + 1)
    }
  }
  throw failures[0] ?? new Error('no cache folder')
}

async function installInto(root: string, source: PlatformPackage, user: ServiceUser | undefined): Promise<Binaries> {
  const key = `${process.platform}-${process.arch}-${source.version}`
  const directory = await publishDirectory(root, `postgresql-${key}`, async (staging) => {
    copyPrograms(source, staging)
    const result = await run(programs(staging).postgres, ['--version'], { cwd: '/', user })
    if (result.status !== 0) throw new Error(`postgres --version: ${result.lines.join(' ')}`)
  })
  return { cacheDir: root, key, ...programs(directory) }
}

function programs(directory: string): Pick<Binaries, 'postgres' | 'initdb' | 'pgCtl'> {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const program = (name: string): string => join(directory, 'bin', name + suffix)
  return { postgres: program('postgres'), initdb: program('initdb'), pgCtl: program('pg_ctl') }
}

/** Static libraries and build files: nothing that runs needs them. */
const isDevelopmentOnly = (name: string): boolean => name.endsWith('.a') || name === 'pkgconfig' || name === 'pgxs'

function copyPrograms(source: PlatformPackage, target: string): void {
  if (!existsSync(source.nativeDir)) {
    throw new EmbeddedPostgresError(
      'BINARIES_MISSING',
      `The package ${source.name} is installed without its programs (${source.nativeDir} is missing)`,
      'Remove node_modules and run "npm ci" again, or set DATABASE_URL to a PostgreSQL server.',
    )
  }
  const fileMode = (mode: number): number => ((mode & 0o111) === 0 ? 0o644 : 0o755)
  copyTree(source.nativeDir, target, { directoryMode: 0o755, fileMode, skip: isDevelopmentOnly })
  for (const { source: from, target: to } of readLinks(source.nativeDir)) makeLink(join(target, from), join(target, to))
}

interface Link {
  readonly source: string
  readonly target: string
}

/** The package lists its links with paths from the package root (`native/lib/libpq.so.5`). */
function readLinks(nativeDir: string): readonly Link[] {
  const file = join(nativeDir, 'pg-symlinks.json')
  if (!existsSync(file)) return []
  const links = JSON.parse(readFileSync(file, 'utf8')) as readonly Link[]
  return links.map((link) => ({ source: relative('native', link.source), target: relative('native', link.target) }))
}

function makeLink(from: string, to: string): void {
  if (existsSync(to)) return
  try {
    linkSync(from, to)
  } catch {
    copyFileSync(from, to) // a file system without hard links
  }
}

/** As root under /var/cache (only root writes there, everybody may pass), else in the user's cache; /tmp at the end. */
export function defaultCacheDirs(): readonly string[] {
  const uid = process.getuid?.()
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env as Record<string, string | undefined>
  const temporary = join(tmpdir(), `banyan-${uid ?? 'cache'}`, 'cache')
  if (uid === 0) return ['/var/cache/banyan', '/var/lib/banyan', temporary, '/tmp/banyan-0/cache']
  if (process.platform === 'win32') return [join(LOCALAPPDATA ?? tmpdir(), 'banyan'), temporary]
  if (process.platform === 'darwin') return [join(homedir(), 'Library', 'Caches', 'banyan'), temporary]
  return [join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'banyan'), temporary]
}
