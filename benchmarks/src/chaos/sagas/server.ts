/** A Postgres of the rig's own, with databases for the services of one system, that can be restarted as an operator or a crash does it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '@banyan/embedded-postgres'
import { filePasswords, type Provisioned, provision } from '@banyan/postgres'

/** `fast` ends every session and writes a checkpoint; `immediate` is a crash. */
export type RestartKind = 'fast' | 'immediate'

export interface Server {
  readonly provisioned: Provisioned
  /** Resolves when there is no server; what it gives resolves when there is one again. */
  restart(how: RestartKind): Promise<{ readonly up: Promise<void> }>
  stop(): Promise<void>
}

const maxConnections = 150

export async function startServer(system: string, services: readonly string[]): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'banyan-chaos-sagas-'))
  let onExit = (): void => undefined
  const server = await startEmbeddedPostgres({
    dataDir: join(folder, 'postgres'),
    maxConnections,
    onExit: () => onExit(),
  })
  const provisioned = await provision({ adminUrl: server.url, system, services, passwords: filePasswords(folder) })
  return {
    provisioned,
    async restart(how) {
      const gone = new Promise<void>((resolve) => {
        onExit = resolve
      })
      process.kill(server.pid, how === 'fast' ? 'SIGINT' : 'SIGQUIT')
      await gone
      return { up: server.restart() }
    },
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
