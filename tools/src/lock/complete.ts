// `npm install` leaves an optional platform package out of the lock file when the registry it asked does not have it, and
// then `npm ci` refuses that lock on every machine ("Missing: @biomejs/cli-darwin-arm64@ from lock file"). A mirror
// that lacks the packages of other platforms is enough. So what is missing is written in: name, version and platform,
// all of which the depending package states; only the hash is not known, and npm fills it in where it installs one.

/** One entry of `packages` in a package-lock.json, as far as it matters here. */
export interface LockEntry {
  readonly version?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

export interface Lock {
  readonly packages: Readonly<Record<string, LockEntry>>
  readonly [field: string]: unknown
}

/** An optional dependency that the lock file does not hold. */
export interface Missing {
  readonly name: string
  readonly version: string
  readonly dev: boolean
}

/** Every optional dependency, pinned exactly by a locked package, that has no entry anywhere. */
export function missingOptional(lock: Lock): Missing[] {
  const paths = Object.keys(lock.packages)
  return Object.values(lock.packages).flatMap((entry) => {
    return Object.entries(entry.optionalDependencies ?? {}).flatMap(([name, version]): Missing[] => {
      const held = paths.some((path) => path.endsWith(`node_modules/${name}`))
      return held || !/^\d+\.\d+\.\d+/.test(version) ? [] : [{ name, version, dev: entry.dev === true }]
    })
  })
}

/** The lock with an entry for each of {@link missingOptional}, in npm's order. */
export function completeLock(lock: Lock): Lock {
  const added = missingOptional(lock).map(({ name, version, dev }): [string, LockEntry] => {
    return [`node_modules/${name}`, { version, ...platformOf(name), ...(dev ? { dev } : {}), optional: true }]
  })
  const entries = [...Object.entries(lock.packages), ...added].sort(([a], [b]) => a.localeCompare(b, 'en'))
  return { ...lock, packages: Object.fromEntries(entries) }
}

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64']

// Platform packages carry their platform in the name: `binding-linux-x64-musl`, `cli-darwin-arm64`.
function platformOf(name: string): { os?: string[]; cpu?: string[]; libc?: string[] } {
  const words = name.split(/[^a-z0-9]+/)
  const os = systems.filter((system) => words.includes(system))
  const cpu = processors.filter((processor) => words.includes(processor))
  if (os.length === 0 || cpu.length === 0)
    throw new Error(`${name} is not locked, and its name does not say its platform`)
  const musl = words.includes('musl') || words.includes('musleabihf')
  const glibc = words.includes('gnu') || words.includes('gnueabihf')
  const libc = os[0] !== 'linux' ? [] : musl ? ['musl'] : glibc ? ['glibc'] : []
  return { os, cpu, ...(libc.length > 0 ? { libc } : {}) }
}
