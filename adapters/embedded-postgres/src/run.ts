// One-shot programs (initdb, postgres --single, postgres --version): run to the end as the service user, with a
// bounded output, a time limit and nothing of our own environment (which may hold PG* variables and secrets).
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { EmbeddedPostgresError, fromSystemError } from './errors.ts'
import type { ServiceUser } from './service-user.ts'

/** initdb takes 0.6 to 2 s on the machines measured; a minute is a hung disk. */
const RUN_TIMEOUT_MS = 60_000
const MAX_OUTPUT_CHARS = 64 * 1024

export interface RunOptions {
  readonly cwd: string
  readonly user: ServiceUser | undefined
  readonly input?: string
}

export interface RunResult {
  readonly status: number | null
  readonly lines: readonly string[]
}

export function serviceEnvironment(): NodeJS.ProcessEnv {
  if (process.platform !== 'win32') return { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
  const { PATH, SystemRoot, TEMP, TMP } = process.env as Record<string, string | undefined>
  return { PATH, SystemRoot, TEMP, TMP, LC_ALL: 'C', TZ: 'UTC' }
}

/** Starts a program in a session of its own. Node emits some errors of a start (ENOENT) and throws others (EPERM). */
export function spawnProgram(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  try {
    return spawn(program, args, { detached: process.platform !== 'win32', windowsHide: true, ...options })
  } catch (error) {
    throw fromSpawnError(error as Error, program)
  }
}

export async function run(program: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const { promise, resolve, reject } = Promise.withResolvers<RunResult>()
  const child = spawnProgram(program, args, {
    cwd: options.cwd,
    env: serviceEnvironment(),
    timeout: RUN_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    ...(options.user ?? {}),
  })
  let output = ''
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-MAX_OUTPUT_CHARS)
  }
  child.stdout?.on('data', collect)
  child.stderr?.on('data', collect)
  child.stdin?.on('error', () => undefined) // it ended without reading: its status says why
  child.stdin?.end(options.input ?? '')
  child.on('error', (error) => reject(fromSpawnError(error, program)))
  child.on('close', (status) => resolve({ status, lines: output.split('\n').filter((line) => line.trim() !== '') }))
  return promise
}

/** ENOENT for a program that is there means that its loader is not: glibc is missing. */
export function fromSpawnError(error: Error, program: string): EmbeddedPostgresError {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return fromSystemError(error, `Cannot run ${program}`)
  return new EmbeddedPostgresError(
    'UNSUPPORTED_PLATFORM',
    `Cannot run ${program}: the system's loader for it is missing (musl instead of glibc?)`,
    'Use a glibc-based system (Debian, Ubuntu, Fedora; not Alpine), or set DATABASE_URL to a PostgreSQL server.',
    { cause: error },
  )
}
