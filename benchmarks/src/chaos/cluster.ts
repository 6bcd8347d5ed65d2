/** A Postgres of the rig's own that can be ended as a crash ends it, and whose connections can be cut. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '@banyan/embedded-postgres'
import { filePasswords, type Provisioned, provision } from '@banyan/postgres'
import pg from 'pg'

export interface Cluster {
  readonly name: string
  readonly provisioned: Provisioned
  /** Immediate shutdown (SIGQUIT: no checkpoint, every session dropped), a while without a server, start. */
  restart(downMs: number): Promise<void>
  /** Ends a share of the clients' sessions; how many. */
  cut(share: number): Promise<number>
  stop(): Promise<void>
}

/** A few more than the actors' pools, the rig and what is being closed at the moment. */
const maxConnections = 200

/** Starts one with databases for these services and for a log. */
export async function startCluster(name: string, services: readonly string[]): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), `banyan-chaos-${name}-`))
  const exited = { listener: (): void => undefined }
  const server = await startEmbeddedPostgres({
    dataDir: join(folder, 'postgres'),
    maxConnections,
    onExit: () => exited.listener(),
  })
  const passwords = filePasswords(folder)
  const provisioned = await provision({ adminUrl: server.url, system: 'chaos', services, passwords })
  let busy: Promise<void> = Promise.resolve()

  async function restart(downMs: number): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      exited.listener = resolve
    })
    process.kill(server.pid, 'SIGQUIT')
    await gone
    await new Promise((resolve) => setTimeout(resolve, downMs))
    await server.restart()
  }

  return {
    name,
    provisioned,
    restart(downMs) {
      // One at a time: a second crash while the first is being repaired is the same crash.
      busy = busy.then(() => restart(downMs))
      return busy
    },
    async cut(share) {
      await busy
      return cutSessions(server.url, share)
    },
    async stop() {
      await busy.catch(() => undefined)
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const own = 'chaos rig'

async function cutSessions(adminUrl: string, share: number): Promise<number> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: own, connectionTimeoutMillis: 5_000 })
  // The server may crash at this very moment, which ends the query or comes after it.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rowCount } = await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE backend_type = 'client backend' AND application_name <> $1 AND random() < $2`,
      [own, share],
    )
    return rowCount ?? 0
  } catch {
    return 0
  } finally {
    await client.end().catch(() => undefined)
  }
}
