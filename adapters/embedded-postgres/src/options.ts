// What a caller gives and gets: the public types of the package, apart from the code so that both sides may import them.
import type { SettingValue } from './settings.ts'

/** How to run one embedded PostgreSQL. */
export interface EmbeddedPostgresOptions {
  /**
   * The folder for the data, for instance `/project/.banyan/postgres`. Created with mode 700. It holds `cluster/` (the
   * data), `password` (mode 600) and the supervisor's lock; back it up only while stopped.
   */
  readonly dataDir: string
  /** Further PostgreSQL settings, by name. Those about files and listening are refused (BAD_SETTING). */
  readonly settings?: Readonly<Record<string, SettingValue>> | undefined
  /** Default 120. */
  readonly maxConnections?: number | undefined
  /** Receives the server's log, line by line (at most 8 KB each). Default: dropped, but for the reason of a failure. */
  readonly log?: ((line: string) => void) | undefined
  /** Called once when the server ends although nobody called `stop()`; `restart()` may be called from it. */
  readonly onExit?: ((info: { readonly code: number | null; readonly signal: string | null }) => void) | undefined
  /** Where program files and the template are kept; default: see README, "Files". */
  readonly cacheDir?: string | undefined
}

/** A running PostgreSQL and what is needed to reach it. */
export interface EmbeddedPostgres {
  /**
   * Administrator's address for `pg`, for instance `postgresql://postgres:…@%2Ftmp%2Fbanyan-1000%2F3f…:5432/postgres`.
   * A superuser: use it to provision, give services roles of their own. Stays the same over `restart()`.
   */
  readonly url: string
  /** Directory of the Unix socket; on Windows 127.0.0.1. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** The postmaster's process; changes with `restart()`. */
  readonly pid: number
  /** Whether this start created the database. */
  readonly freshlyInitialised: boolean
  /**
   * Starts again after an unexpected end, at the same address, with everything that was committed. A server that still
   * runs is stopped first. Calls at the same time share one restart. Throws STOPPED after `stop()`.
   */
  restart(): Promise<void>
  /** Ends the server in order and gives the folder free. Bounded (about 25 s at worst), safe to call again. */
  stop(): Promise<void>
}
