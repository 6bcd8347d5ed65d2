/**
 * `banyan run` without a parent, as an orchestrator runs it: databases are somebody else's, addresses of other hosts are
 * given, the end of the process is the orchestrator's business (SIGTERM drains, a crash exits 1 and is started again).
 */
import { mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { filePasswords, type Provisioned, provision } from '@banyan/postgres'
import type { Environment } from 'banyan/core'
import { gatewayName, type System } from 'banyan/runtime'
import type { Log } from 'banyan/telemetry'
import { UsageError } from '../failure.ts'
import { listenForStop } from '../process/signals.ts'
import { overrideOf, toDataDir } from '../settings/dev-settings.ts'
import { loadProject } from '../settings/project.ts'
import { loadSystem } from '../settings/system-module.ts'
import { type HostProcess, startHostProcess } from './host-process.ts'
import type { HostConfiguration } from './messages.ts'
import { type RunFlags, toNames } from './run-flags.ts'
import { schemaCacheFile } from './schemas.ts'
import { type StandaloneSettings, toStandaloneSettings } from './standalone-settings.ts'
import { generateTokens, toTokenTable } from './tokens.ts'

/** What {@link runAlone} takes. */
export interface StandaloneOptions {
  readonly flags: RunFlags
  readonly environment: Environment
  readonly log: Log
}

/** Time to drain after something unforeseen, and what closing may take after any drain. */
const crashDrainMs = 1_000
const closeMs = 3_000

/** Runs until it is told to stop; gives the exit code. */
export async function runAlone({ flags, environment, log }: StandaloneOptions): Promise<number> {
  const settings = toStandaloneSettings(process.env)
  const system = await loadSystem((await loadProject(flags.project)).systemPath)
  const services = flags.services === undefined ? namesOf(system) : toNames(flags.services)
  assertComplete(system, services, flags, settings)
  const databases = await provisionFor(system, services, settings, log)
  const configuration = toConfiguration({ system, services, flags, settings, databases })
  if (settings.schemas === undefined)
    log.info('no schema registry (BANYAN_SCHEMA_REGISTRY): nobody judges whether schemas may be published')
  const stop = listenForStop()
  const running = await startHostProcess({ system, configuration, environment, log })
  const { host, gatewayUrl } = running
  log.info('ready', {
    system: system.name,
    services,
    address: host.address,
    ...(gatewayUrl && { gateway: gatewayUrl }),
  })
  const crashed = new Promise<Error>((resolve) => {
    process.on('uncaughtException', resolve)
    process.on('unhandledRejection', (reason) => resolve(reason as Error))
  })
  const error = await Promise.race([stop.asked, crashed])
  if (error !== undefined) log.error('unforeseen error, stopping', { error })
  else log.info(`stopping (${stop.reason})`)
  const drainMs = error === undefined ? settings.drainMs : crashDrainMs
  return (await end(running, drainMs, stop.askedAgain, environment)) && error === undefined ? 0 : 1
}

/** False when it had to be cut short. */
async function end(
  running: HostProcess,
  drainMs: number,
  insisted: Promise<string>,
  { timers }: Environment,
): Promise<boolean> {
  const late = new Promise<false>((resolve) => void timers.after(drainMs + closeMs, () => resolve(false)))
  return Promise.race([running.stop(drainMs), insisted.then(() => false), late])
}

const namesOf = (system: System): readonly string[] => system.services.map(({ contract }) => contract.name)

/** Everything that is missing, in one message. */
function assertComplete(
  system: System,
  services: readonly string[],
  { gateway }: RunFlags,
  { tokens, peers, databaseUrl, databaseOverrides }: StandaloneSettings,
): void {
  const faults: string[] = []
  const unknown = services.filter((name) => !namesOf(system).includes(name))
  if (unknown.length > 0)
    faults.push(`the system has no service ${unknown.join(', ')}; it has ${namesOf(system).join(', ')}`)
  if (services.length === 0 && gateway !== true)
    faults.push('there is nothing to run: give --services a,b or --gateway')
  const elsewhere = namesOf(system).filter((name) => !services.includes(name))
  if (elsewhere.length > 0) {
    const held = [...services, ...(gateway ? [gatewayName] : [])]
    const withoutToken = held.filter((name) => tokens[name] === undefined)
    if (withoutToken.length > 0) faults.push(`BANYAN_TOKENS (or _FILE) has no token for ${withoutToken.join(', ')}`)
    const unreachable = gateway === true ? elsewhere.filter((name) => peers[name] === undefined) : []
    if (unreachable.length > 0) faults.push(`BANYAN_PEERS has no address for ${unreachable.join(', ')}`)
  }
  const without = services.length === 0 || databaseUrl !== undefined ? [] : [...services, 'bus']
  const missing = without.filter((name) => overrideOf(databaseOverrides, name) === undefined)
  if (missing.length > 0)
    faults.push(`there is no database for ${missing.join(', ')}: set DATABASE_URL_<NAME> for each, or DATABASE_URL`)
  if (faults.length > 0) throw new UsageError(faults.join('; '), 'See docs/guide/running.md.')
}

async function provisionFor(
  system: System,
  services: readonly string[],
  { databaseUrl, databaseOverrides }: StandaloneSettings,
  log: Log,
): Promise<Provisioned> {
  if (services.length === 0) return { services: {}, bus: '' }
  return provision({
    adminUrl: databaseUrl ?? '',
    system: system.name,
    services,
    passwords: filePasswords(join(toDataDir(process.env, process.cwd()), 'passwords')),
    overrides: Object.fromEntries([...services, 'bus'].map((name) => [name, overrideOf(databaseOverrides, name)])),
    log: (message) => log.info(message),
  })
}

interface Decided {
  readonly system: System
  readonly services: readonly string[]
  readonly flags: RunFlags
  readonly settings: StandaloneSettings
  readonly databases: Provisioned
}

function toConfiguration({ system, services, flags, settings, databases }: Decided): HostConfiguration {
  const held = [...services, ...(flags.gateway ? [gatewayName] : [])]
  // A host that runs everything alone is called by nobody; it still must not be open to everybody.
  const tokens = { ...generateTokens([...namesOf(system), gatewayName]), ...settings.tokens }
  const name = flags.name ?? (services.join('+') || gatewayName)
  return {
    name,
    // Two replicas must not take each other's leases, so the process is part of the instance unless it has a name.
    instance: flags.name ?? `${hostname()}:${process.pid}/${name}`,
    services,
    ...(flags.gateway ? { gateway: settings.gateway } : {}),
    listen: settings.listen,
    databases: databases.services,
    ...(services.length > 0 ? { bus: databases.bus } : {}),
    connections: settings.connections,
    tokens: toTokenTable(tokens, held),
    addresses: settings.peers,
    ...(settings.schemas === undefined ? {} : { schemas: { ...settings.schemas, cacheFile: toCacheFile(name) } }),
  }
}

/** Where a host of this name remembers which of its schemas were accepted. */
function toCacheFile(name: string): string {
  const dataDir = toDataDir(process.env, process.cwd())
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  return schemaCacheFile(dataDir, name)
}
