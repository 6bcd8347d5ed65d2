// @banyan/embedded-postgres: a real PostgreSQL from npm, under a supervisor. See README.md for its files and messages.
import type { EmbeddedPostgres, EmbeddedPostgresOptions } from './options.ts'
import { locatePlatformPackage } from './platform.ts'
import { superviseEmbeddedPostgres } from './supervisor.ts'

export { EmbeddedPostgresError, type EmbeddedPostgresErrorCode } from './errors.ts'
export type { EmbeddedPostgres, EmbeddedPostgresOptions } from './options.ts'

/**
 * Starts PostgreSQL 18 on a data folder, which is created when it does not exist, and resolves when it answers.
 *
 * Guarantees: one supervisor per folder (else ALREADY_RUNNING names the process); what an earlier run left behind
 * (orphans, stale locks, sockets) is ended and removed; committed data survive `kill -9` of anything; the server does
 * not outlive this process, however that ends. Runs as root too: the server is then given another user.
 *
 * The server has its own session, so a Ctrl-C reaches only this process: call `stop()` on SIGINT and SIGTERM.
 *
 * @throws EmbeddedPostgresError with a `code` and a `hint`.
 * @example
 * const postgres = await startEmbeddedPostgres({ dataDir: '.banyan/postgres' })
 * process.once('SIGTERM', () => void postgres.stop())
 * const client = new pg.Client(postgres.url)
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  return superviseEmbeddedPostgres(options, locatePlatformPackage())
}
