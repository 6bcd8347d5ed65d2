/** A Postgres of the rig's own that can be ended as a crash ends it, and whose connections can be cut. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '@banyan/embedded-postgres'
import { filePasswords, type Provisioned, provision } from '@banyan/postgres'
import postgres from 'postgres'

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

async function cutSessions(adminUrl: string, share: number): Promise<number> {
  const url = new URL(adminUrl)
  const sql = postgres({
    host: decodeURIComponent(url.hostname),
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: 'postgres',
    max: 1,
    onnotice: () => undefined,
  })
  try {
    const cut = await sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND random() < ${share}`
    return cut.length
  } catch {
    return 0
  } finally {
    await sql.end({ timeout: 1 })
  }
}
