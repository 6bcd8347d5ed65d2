/** How `banyan dev` runs: flags before environment before `banyan.json` before defaults. All faults in one message. */
import { resolve } from 'node:path'
import { parseSplit, type Split } from 'banyan/control'
import { UsageError } from '../failure.ts'
import type { ExtraProcess, Project } from './project.ts'

/** What may be given as flags; texts as typed. */
export interface DevFlags {
  readonly split?: string
  readonly gatewayPort?: string
  readonly controlPort?: string
  readonly schemas?: boolean
  readonly schemaPort?: string
  readonly watch?: boolean
  readonly fresh?: boolean
  readonly json?: boolean
}

/** An extra process with its port decided. */
export interface PlacedProcess extends ExtraProcess {
  readonly listensOn: number | undefined
}

/** See the top of the file. */
export interface DevSettings {
  readonly split: Split
  readonly gatewayPort: number
  readonly controlPort: number
  /** Of the schema registry, 0 for any; undefined when there is none. */
  readonly schemaPort: number | undefined
  readonly dataDir: string
  readonly databaseUrl: string | undefined
  /** `DATABASE_URL_<SERVICE>`, as given: by the upper-case name. */
  readonly databaseOverrides: Readonly<Record<string, string>>
  readonly watch: boolean
  readonly fresh: boolean
  readonly json: boolean
  readonly processes: readonly PlacedProcess[]
}

export const defaultGatewayPort = 8080
export const defaultControlPort = 8090

type Env = Readonly<Record<string, string | undefined>>

const overridePrefix = 'DATABASE_URL_'

/** Decides; throws a {@link UsageError} with everything that is wrong. */
export function toDevSettings(flags: DevFlags, env: Env, project: Project, cwd: string): DevSettings {
  const faults: string[] = []
  const port = (
    flag: string | undefined,
    name: string,
    variable: string,
    file: number | undefined,
    fallback: number,
  ) => {
    if (flag !== undefined) return toPort(flag, name, faults)
    if (isGiven(env[variable])) return toPort(env[variable], variable, faults)
    return file ?? fallback
  }
  const split = flags.split ?? (isGiven(env['BANYAN_SPLIT']) ? env['BANYAN_SPLIT'] : undefined)
  const settings: DevSettings = {
    split: split === undefined ? (project.split ?? []) : parseSplit(split),
    gatewayPort: port(
      flags.gatewayPort,
      '--gateway-port',
      'BANYAN_GATEWAY_PORT',
      project.gatewayPort,
      defaultGatewayPort,
    ),
    controlPort: port(
      flags.controlPort,
      '--control-port',
      'BANYAN_CONTROL_PORT',
      project.controlPort,
      defaultControlPort,
    ),
    schemaPort:
      flags.schemas === false || project.schemas === false
        ? undefined
        : port(flags.schemaPort, '--schema-port', 'BANYAN_SCHEMA_PORT', project.schemas?.port, 0),
    dataDir: toDataDir(env, cwd),
    databaseUrl: isGiven(env['DATABASE_URL']) ? toDatabaseUrl(env['DATABASE_URL'], 'DATABASE_URL', faults) : undefined,
    databaseOverrides: toOverrides(env, faults),
    watch: flags.watch ?? true,
    fresh: flags.fresh ?? false,
    json: flags.json ?? false,
    processes: project.processes.map((one) => ({
      ...one,
      listensOn: one.port && port(undefined, '', one.port.env, one.port.default, 0),
    })),
  }
  assertPortsDiffer(settings, faults)
  if (settings.fresh && settings.databaseUrl !== undefined)
    faults.push('--fresh empties the embedded database only, and DATABASE_URL names a server: drop its databases there')
  if (faults.length > 0) throw new UsageError(faults.join('; '), 'See `banyan dev --help`.')
  return settings
}

/** Where data lie: BANYAN_DATA_DIR, else `.banyan` of the folder the command was started in. */
export function toDataDir(env: Env, cwd: string): string {
  return resolve(cwd, isGiven(env['BANYAN_DATA_DIR']) ? env['BANYAN_DATA_DIR'] : '.banyan')
}

const isGiven = (text: string | undefined): text is string => text !== undefined && text !== ''

function toPort(text: string, name: string, faults: string[]): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (value <= 65_535) return value
  faults.push(`${name} must be a port from 0 to 65535, is '${text}'`)
  return 0
}

/** The URL itself is not shown: it holds a password. */
function toDatabaseUrl(text: string, name: string, faults: string[]): string {
  if (!/^postgres(ql)?:\/\//.test(text))
    faults.push(`${name} must be like postgresql://user:password@host:5432/postgres`)
  return text
}

/** Database URLs of single services (and of `bus`, which may also be a NATS server's) from the environment. */
export function toOverrides(env: Env, faults: string[]): Record<string, string> {
  const found = Object.entries(env).filter(([name, text]) => name.startsWith(overridePrefix) && isGiven(text))
  const overrides = Object.fromEntries(
    found.map(([name, text]) => [name.slice(overridePrefix.length), toDatabaseUrl(text as string, name, faults)]),
  )
  const bus = env['BANYAN_BUS_URL']
  return isGiven(bus) ? { ...overrides, BUS: toBusUrl(bus, faults) } : overrides
}

function toBusUrl(text: string, faults: string[]): string {
  if (!/^(postgres(ql)?|nats|tls):\/\//.test(text))
    faults.push('BANYAN_BUS_URL must be like nats://host:4222 or postgresql://user:password@host:5432/database')
  return text
}

/** The override of a service, if there is one. */
export function overrideOf(overrides: Readonly<Record<string, string>>, service: string): string | undefined {
  return overrides[service.toUpperCase().replaceAll('-', '_')]
}

function assertPortsDiffer(settings: DevSettings, faults: string[]): void {
  const ports = [
    ['the gateway', settings.gatewayPort] as const,
    ['the status page', settings.controlPort] as const,
    ['the schema registry', settings.schemaPort ?? 0] as const,
    ...settings.processes.map((one) => [one.name, one.listensOn ?? 0] as const),
  ]
  ports.forEach(([name, port], index) => {
    const other = ports.slice(0, index).find((earlier) => port !== 0 && earlier[1] === port)
    if (other !== undefined) faults.push(`${name} and ${other[0]} cannot both have port ${port}`)
  })
}
