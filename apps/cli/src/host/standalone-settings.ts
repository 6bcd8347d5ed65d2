/** How a host without a parent is configured: the environment of a container, validated with all faults in one message. */
import { readFileSync } from 'node:fs'
import type { Addresses } from 'banyan/control'
import { UsageError } from '../failure.ts'
import { toOverrides } from '../settings/dev-settings.ts'

/** See the top of the file. */
export interface StandaloneSettings {
  readonly listen: { readonly host: string; readonly port: number }
  readonly gateway: { readonly host: string; readonly port: number }
  readonly peers: Addresses
  /** Service (and `gateway`) → token. Empty when this host runs the whole system. */
  readonly tokens: Readonly<Record<string, string>>
  /** An administrator's: databases and roles are made at the start. */
  readonly databaseUrl: string | undefined
  readonly databaseOverrides: Readonly<Record<string, string>>
  /** Size of each service's pool and of the log's. */
  readonly connections: { readonly perService: number; readonly perBus: number }
  readonly drainMs: number
  /** A schema registry, and its token; without one nobody judges schemas. */
  readonly schemas: { readonly origin: string; readonly token?: string } | undefined
}

type Env = Readonly<Record<string, string | undefined>>

const defaults = { listen: '127.0.0.1:7070', gateway: '127.0.0.1:8080', pool: 8, busPool: 4, drainMs: 10_000 }

/** Reads it; throws a {@link UsageError}. */
export function toStandaloneSettings(env: Env): StandaloneSettings {
  const faults: string[] = []
  const settings: StandaloneSettings = {
    listen: toPlace(env, 'BANYAN_LISTEN', defaults.listen, faults),
    gateway: toPlace(env, 'BANYAN_GATEWAY_LISTEN', defaults.gateway, faults),
    peers: toPeers(env['BANYAN_PEERS'] ?? '', faults),
    tokens: toTokens(env, faults),
    databaseUrl: env['DATABASE_URL'] || undefined,
    databaseOverrides: toOverrides(env, faults),
    connections: {
      perService: toCount(env, 'BANYAN_POOL', defaults.pool, faults),
      perBus: toCount(env, 'BANYAN_BUS_POOL', defaults.busPool, faults),
    },
    drainMs: toCount(env, 'BANYAN_DRAIN_MS', defaults.drainMs, faults),
    schemas: toRegistry(env, faults),
  }
  if (faults.length > 0) throw new UsageError(faults.join('; '), 'See docs/guide/running.md.')
  return settings
}

function toPlace(env: Env, name: string, fallback: string, faults: string[]): { host: string; port: number } {
  const text = env[name] || fallback
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? []
  if (host === '' || Number(port) > 65_535) faults.push(`${name} must be like 0.0.0.0:7070, is '${text}'`)
  return { host, port: Number(port) }
}

function toCount(env: Env, name: string, fallback: number, faults: string[]): number {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  if (!/^[1-9]\d{0,6}$/.test(text)) faults.push(`${name} must be a whole number from 1, is '${text}'`)
  return Number(text)
}

function toRegistry(env: Env, faults: string[]): StandaloneSettings['schemas'] {
  const [text, token] = [env['BANYAN_SCHEMA_REGISTRY'], env['BANYAN_SCHEMA_TOKEN']]
  if (!text) return undefined
  const url = URL.parse(text)
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    faults.push('BANYAN_SCHEMA_REGISTRY must be like http://10.0.0.1:8081')
    return undefined
  }
  return { origin: url.origin, ...(token && { token }) }
}

/** `orders=http://10.0.0.1:7070,orders=http://10.0.0.2:7070,payments=…` */
function toPeers(text: string, faults: string[]): Addresses {
  const peers: Record<string, string[]> = {}
  for (const entry of text.split(',').map((one) => one.trim())) {
    if (entry === '') continue
    const [, service, url] = /^([a-z][a-z0-9-]*)=(https?:\/\/[^/\s]+)\/?$/.exec(entry) ?? []
    if (service === undefined || url === undefined) {
      faults.push(`BANYAN_PEERS must be like orders=http://10.0.0.1:7070,…; '${entry}' is not`)
      continue
    }
    peers[service] ??= []
    peers[service].push(url)
  }
  return peers
}

/** From BANYAN_TOKENS (`orders=…,gateway=…`) or, since a variable is seen by more eyes, a JSON file. Values are never shown. */
function toTokens(env: Env, faults: string[]): Readonly<Record<string, string>> {
  const file = env['BANYAN_TOKENS_FILE']
  if (file) return toFileTokens(file, faults)
  const entries = (env['BANYAN_TOKENS'] ?? '').split(',').filter((entry) => entry.trim() !== '')
  const pairs = entries.map((entry) => entry.trim().split(/=(.*)/s).slice(0, 2) as [string, string])
  if (pairs.some(([name, token]) => !name || !isToken(token)))
    faults.push(`BANYAN_TOKENS must be like orders=…,gateway=…, each of at least ${leastTokenChars} characters`)
  return Object.fromEntries(pairs)
}

const leastTokenChars = 16
const isToken = (token: unknown): boolean => typeof token === 'string' && token.length >= leastTokenChars

function toFileTokens(file: string, faults: string[]): Readonly<Record<string, string>> {
  try {
    const document = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
    if (Object.values(document).every(isToken)) return document
    faults.push(`${file} (BANYAN_TOKENS_FILE) must map services to tokens of at least ${leastTokenChars} characters`)
  } catch (error) {
    faults.push(
      `${file} (BANYAN_TOKENS_FILE) cannot be read as JSON: ${(error as NodeJS.ErrnoException).code ?? 'bad text'}`,
    )
  }
  return {}
}
