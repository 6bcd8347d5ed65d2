// Where a PostgreSQL server is installed on this machine, if anywhere. Tests that need a real server ask here, so that
// a machine without one skips them with one clear reason, and CI (BANYAN_REQUIRE_ENGINES=1) fails instead of skipping.
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What {@link findPostgres} found: the folder of the server's programs, or why there is none. */
export type PostgresInstallation =
  | { readonly found: true; readonly binaries: string }
  | { readonly found: false; readonly reason: string }

/** The two variables that matter here; `process.env` fits. */
export type EngineEnvironment = { readonly [name: string]: string | undefined }

const programs = ['initdb', 'postgres'] as const

// Folders of the form <root>/<something with a version>/bin: Debian, Red Hat, Homebrew on both architectures.
const usualRoots = ['/usr/lib/postgresql', '/usr/local/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt', '/usr']
const versioned = /^(?:postgresql@|pgsql-)?(\d{2})$/

/**
 * Finds the newest installed PostgreSQL server.
 *
 * `BANYAN_POSTGRES_BIN` names the folder of `initdb` and `postgres` and wins; then the usual places of Debian, Red Hat
 * and Homebrew, newest version first; then `PATH`. With `BANYAN_REQUIRE_ENGINES=1` a missing server is an error rather
 * than a reason to skip.
 *
 * @example
 * const postgres = findPostgres()
 * describe.skipIf(!postgres.found)('against a server', () => { … })
 */
export function findPostgres(
  env: EngineEnvironment = process.env,
  roots: readonly string[] = usualRoots,
): PostgresInstallation {
  const named = env['BANYAN_POSTGRES_BIN']
  if (named !== undefined && !isInstallation(named)) {
    throw new Error(
      `BANYAN_POSTGRES_BIN is ${named}, which has no ${programs.join(' and ')}; name the folder that has both`,
    )
  }
  const binaries = [named ?? [], versionedFolders(roots), (env['PATH'] ?? '').split(delimiter)]
    .flat()
    .find(isInstallation)
  if (binaries !== undefined) return { found: true, binaries }
  const reason = 'no PostgreSQL server is installed (apt-get install postgresql, or set BANYAN_POSTGRES_BIN)'
  if (env['BANYAN_REQUIRE_ENGINES'] === '1') throw new Error(`BANYAN_REQUIRE_ENGINES=1, but ${reason}`)
  return { found: false, reason }
}

function isInstallation(folder: string): boolean {
  return folder !== '' && programs.every((program) => existsSync(join(folder, program)))
}

function versionedFolders(roots: readonly string[]): string[] {
  const found: { folder: string; version: number }[] = []
  for (const root of roots) {
    if (!existsSync(root)) continue
    for (const name of readdirSync(root)) {
      const version = versioned.exec(name)?.[1]
      if (version !== undefined) found.push({ folder: join(root, name, 'bin'), version: Number(version) })
    }
  }
  return found.sort((a, b) => b.version - a.version).map((place) => place.folder)
}
