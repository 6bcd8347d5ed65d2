/** The database server of a system: embedded under our supervisor, restarted with back-off when it dies; or somebody else's. */
import type { EmbeddedPostgres } from '@banyan/embedded-postgres'
import { defaultRestartPolicy, restartDelayMs } from 'banyan/control'
import { type Environment, sleep } from 'banyan/core'

/** See the top of the file. */
export interface SystemDatabase {
  readonly mode: 'embedded' | 'server'
  /** An administrator's. */
  readonly url: string
  /** The server's process; undefined while it is down, or somebody else's. */
  readonly pid: number | undefined
  readonly state: 'ready' | 'waiting' | 'stopped'
  readonly restarts: number
  stop(): Promise<void>
}

/** What {@link startDatabase} takes. */
export interface DatabaseOptions {
  readonly environment: Environment
  readonly dataDir: string
  /** A server's, which is used instead. */
  readonly url: string | undefined
  /** Connections wanted in all. */
  readonly connections: number
  readonly onLine: (line: string) => void
  readonly say: (message: string, level: 'info' | 'warn' | 'error') => void
}

/** Starts the embedded server, or steps aside for a URL. */
export async function startDatabase(options: DatabaseOptions): Promise<SystemDatabase> {
  if (options.url !== undefined) return toServer(options.url)
  // Not loaded at all when there is a server.
  const { startEmbeddedPostgres } = await import('@banyan/embedded-postgres')
  const state = { down: false, stopped: false, restarts: 0, attempt: 0, upSinceMs: 0 }
  const { environment } = options
  const engine: EmbeddedPostgres = await startEmbeddedPostgres({
    dataDir: options.dataDir,
    maxConnections: options.connections,
    log: options.onLine,
    onExit: ({ code, signal }) => {
      state.down = true
      options.say(`the database server ended (${signal ?? `exit code ${code}`}); starting it again`, 'warn')
      void revive()
    },
  })
  state.upSinceMs = environment.clock.monotonic()

  async function revive(): Promise<void> {
    const policy = defaultRestartPolicy
    if (environment.clock.monotonic() - state.upSinceMs > policy.healthyMs) state.attempt = 0
    while (!state.stopped) {
      await sleep(environment.timers, restartDelayMs(policy, state.attempt++, environment.random.next()))
      if (state.stopped) return
      try {
        await engine.restart()
        state.down = false
        state.restarts++
        state.upSinceMs = environment.clock.monotonic()
        return
      } catch (error) {
        options.say(`the database server does not start: ${(error as Error).message}`, 'error')
      }
    }
  }

  return {
    mode: 'embedded',
    url: engine.url,
    get pid() {
      return state.down || state.stopped ? undefined : engine.pid
    },
    get state() {
      return state.stopped ? 'stopped' : state.down ? 'waiting' : 'ready'
    },
    get restarts() {
      return state.restarts
    },
    async stop() {
      state.stopped = true
      await engine.stop()
    },
  }
}

function toServer(url: string): SystemDatabase {
  return { mode: 'server', url, pid: undefined, state: 'ready', restarts: 0, stop: async () => undefined }
}
