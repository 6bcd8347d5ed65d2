// Every failure of the embedded engine as one class: a code a program can switch on, a message that says what
// happened and a hint that says what a person should do. Raw errno values and PostgreSQL log lines end here.

/** What went wrong, for programs. `START_FAILED` is the rest: its message carries the last lines of the log. */
export type EmbeddedPostgresErrorCode =
  | 'UNSUPPORTED_PLATFORM'
  | 'BINARIES_MISSING'
  | 'ALREADY_RUNNING'
  | 'DISK_FULL'
  | 'NOT_PERMITTED'
  | 'BAD_SETTING'
  | 'WRONG_VERSION'
  | 'CORRUPT'
  | 'STOPPED'
  | 'START_FAILED'

/**
 * The only error this package throws on purpose. `message` is one line for a log, `hint` is what to do about it.
 *
 * @example
 * catch (error) {
 *   if (error instanceof EmbeddedPostgresError) console.error(`${error.message}\n  ${error.hint}`)
 * }
 */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'
  readonly code: EmbeddedPostgresErrorCode
  readonly hint: string

  constructor(code: EmbeddedPostgresErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.hint = hint
  }
}

const USE_A_SERVER = 'or set DATABASE_URL to a PostgreSQL server'

/** An error of the operating system, met while `doing` something to `path`, as one of ours. */
export function fromSystemError(error: unknown, doing: string): EmbeddedPostgresError {
  if (error instanceof EmbeddedPostgresError) return error
  const cause = error instanceof Error ? error : new Error(String(error))
  const errno = (cause as NodeJS.ErrnoException).code
  const message = `${doing}: ${cause.message}`
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return diskFull(message, cause)
  if (errno === 'EPERM' && process.getuid?.() === 0) return powerlessRoot(message, cause)
  if (errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS') {
    const hint = `Give this user write permission there, choose another folder (BANYAN_DATA_DIR), ${USE_A_SERVER}.`
    return new EmbeddedPostgresError('NOT_PERMITTED', message, hint, { cause })
  }
  return new EmbeddedPostgresError('START_FAILED', message, `See the cause above, ${USE_A_SERVER}.`, { cause })
}

function diskFull(message: string, cause?: Error): EmbeddedPostgresError {
  const hint =
    'Free some disk space (a new database takes about 40 MB, the program files 60 MB) and start again; nothing that was acknowledged is lost.'
  return new EmbeddedPostgresError('DISK_FULL', message, hint, cause ? { cause } : undefined)
}

/** Root is refused nothing, unless its capabilities were taken away: no chown, no other user. */
function powerlessRoot(message: string, cause: Error): EmbeddedPostgresError {
  const hint = `PostgreSQL must not run as root, and this root may not start it as another user: run the container as another user (docker --user), leave it CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID and SETUID, ${USE_A_SERVER}.`
  return new EmbeddedPostgresError('NOT_PERMITTED', message, hint, { cause })
}

interface LogRule {
  readonly pattern: RegExp
  readonly code: EmbeddedPostgresErrorCode
  readonly hint: string
}

// First match wins: a PANIC because the disk is full is a full disk, not a corrupt cluster.
const LOG_RULES: readonly LogRule[] = [
  {
    pattern: /could not (create|resize) shared memory segment|could not create semaphores/,
    code: 'START_FAILED',
    hint: 'The kernel refused shared memory: give the container more of it (docker --shm-size=256m) or lower shared_buffers.',
  },
  {
    pattern: /No space left on device|Disk quota exceeded/,
    code: 'DISK_FULL',
    hint: 'Free some disk space and start again; nothing that was acknowledged is lost.',
  },
  {
    pattern: /could not look up effective user ID/,
    code: 'NOT_PERMITTED',
    hint: `The user id of this process has no name and initdb needs one: add a line for it to /etc/passwd, ${USE_A_SERVER}.`,
  },
  {
    pattern: /error while loading shared libraries|version `GLIBC|symbol not found/,
    code: 'UNSUPPORTED_PLATFORM',
    hint: `The PostgreSQL of npm needs glibc (not Alpine's musl): use a Debian-based image, ${USE_A_SERVER}.`,
  },
  {
    pattern: /database files are incompatible|was initialized by PostgreSQL version/,
    code: 'WRONG_VERSION',
    hint: `Dump the data with the version that wrote it and start on an empty folder, ${USE_A_SERVER}.`,
  },
  {
    pattern:
      /unrecognized configuration parameter|invalid value for parameter|is outside the valid range|requires a .* value/,
    code: 'BAD_SETTING',
    hint: 'Correct the `settings` given to startEmbeddedPostgres.',
  },
  {
    pattern: /lock file "postmaster.pid" already exists|is still in use|Is another postmaster/,
    code: 'ALREADY_RUNNING',
    hint: 'Another PostgreSQL still uses this folder: stop it, or wait until it has ended.',
  },
  {
    pattern: /has wrong ownership|Permission denied|Operation not permitted|with administrative permissions/,
    code: 'NOT_PERMITTED',
    hint: 'Start as the user who owns the data folder (not as an administrator on Windows), or give it back: chown -R.',
  },
  {
    pattern:
      /PANIC:|incorrect checksum in control file|could not locate a valid checkpoint|not a valid data directory|invalid (primary )?checkpoint|could not open (file|directory) "(global|base|pg_)|different database system|required WAL directory/,
    code: 'CORRUPT',
    hint: `The data folder is damaged: restore a backup of it, or move it away and start with an empty one (banyan dev --fresh).`,
  },
]

/** Reads why PostgreSQL gave up from what it wrote last. */
export function fromLog(lines: readonly string[], doing: string): EmbeddedPostgresError {
  for (const rule of LOG_RULES) {
    const line = lines.find((candidate) => rule.pattern.test(candidate))
    if (line !== undefined) return new EmbeddedPostgresError(rule.code, `${doing}: ${line.trim()}`, rule.hint)
  }
  const tail = lines.slice(-5).join(' | ') || 'it wrote nothing'
  return new EmbeddedPostgresError('START_FAILED', `${doing}: ${tail}`, `See the log lines above, ${USE_A_SERVER}.`)
}
