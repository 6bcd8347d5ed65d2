/** What children find in their environment: the parent's, without the addresses of databases, which are secrets. */
import { join } from 'node:path'
import type { DevSettings } from '../settings/dev-settings.ts'

type Env = Readonly<Record<string, string | undefined>>

const secrets = /^(DATABASE_URL(_|$)|BANYAN_TOKENS$|BANYAN_SCHEMA_TOKEN$|PGPASSWORD$)/

/** The environment of hosts and of extra processes. */
export function toChildEnv(env: Env, settings: Pick<DevSettings, 'dataDir' | 'processes'>): Env {
  const kept = Object.entries(env).filter(([name]) => !secrets.test(name))
  const ports = settings.processes.flatMap(({ port, listensOn }) => (port ? [[port.env, String(listensOn)]] : []))
  return {
    ...Object.fromEntries(kept),
    ...Object.fromEntries(ports),
    BANYAN_DATA_DIR: settings.dataDir,
    // What Node compiled and stripped once: half of the time to start.
    NODE_COMPILE_CACHE: env['NODE_COMPILE_CACHE'] ?? join(settings.dataDir, 'compile-cache'),
  }
}

/** What children do not find there: told over their pipes, if they need it. */
export function secretsOf(env: Env): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => secrets.test(name)))
}
