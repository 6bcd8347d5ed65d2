/** `banyan schema`: what a schema registry knows, whether a system may be deployed, and its schemas registered. */
import { type CompatibilityMode, compatibilityModes, isCompatibilityMode } from 'banyan/contract/compatibility'
import {
  type ContractRefusal,
  createHttpAuthority,
  type HttpAuthority,
  registerContracts,
  type SchemaRegistration,
} from 'banyan/control'
import { BanyanError, isBanyanError, realEnvironment } from 'banyan/core'
import { CommandError, exitCodes, UsageError } from '../failure.ts'
import { findRunningRegistry } from '../process/running-registry.ts'
import { toDataDir } from '../settings/dev-settings.ts'
import { loadProject } from '../settings/project.ts'
import { loadSystem } from '../settings/system-module.ts'
import { printRows } from './table.ts'

/** Flags that all have. */
export interface RegistryFlags {
  /** Else BANYAN_SCHEMA_REGISTRY, else that of the system that runs. The token is in BANYAN_SCHEMA_TOKEN: arguments can be read by others. */
  readonly registry?: string
  readonly json?: boolean
}

/** Flags of what looks at a system. */
export interface SystemFlags extends RegistryFlags {
  readonly project: string
}

const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)

/** The subjects with their last version and mode. */
export function schemaList(flags: RegistryFlags & { readonly prefix?: string }): Promise<number> {
  return withAuthority(flags, async (authority) => {
    const rows: object[] = []
    for (const subject of await authority.subjects(flags.prefix ?? '')) {
      const versions = await authority.versions(subject)
      const last = versions.at(-1)
      const mode = (await authority.compatibility(subject)) ?? ''
      rows.push({ subject, versions: versions.length, last: last?.version, id: last?.id, type: last?.schemaType, mode })
    }
    printRows(rows, flags.json === true)
    return exitCodes.ok
  })
}

/** One schema: the last version, or the one that is named. */
export function schemaShow(subject: string, version: string | undefined, flags: RegistryFlags): Promise<number> {
  return withAuthority(flags, async (authority) => {
    const versions = await authority.versions(subject)
    const found = version === undefined ? versions.at(-1) : versions.find((one) => String(one.version) === version)
    if (found === undefined) {
      const known = versions.map((one) => one.version).join(', ')
      throw new CommandError(
        versions.length === 0 ? `there is no subject '${subject}'` : `'${subject}' has no version ${version}`,
        versions.length === 0 ? '`banyan schema list` shows all.' : `It has: ${known}.`,
      )
    }
    if (flags.json) print({ subject, ...found, schema: found.schema })
    else process.stdout.write(`${found.schemaType === 'PROTOBUF' ? found.schema : indented(found.schema)}\n`)
    return exitCodes.ok
  })
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** Judges the system's schemas without registering them; 1 when it could not start. */
export function schemaCheck(flags: SystemFlags): Promise<number> {
  return judgeSystem(flags, true)
}

/** Registers the system's schemas, all or none. */
export function schemaRegister(flags: SystemFlags): Promise<number> {
  return judgeSystem(flags, false)
}

async function judgeSystem(flags: SystemFlags, dryRun: boolean): Promise<number> {
  const system = await loadSystem((await loadProject(flags.project)).systemPath)
  const contracts = system.services.map((entry) => entry.contract)
  return withAuthority(flags, async (authority) => {
    try {
      tellRegistered(await registerContracts(contracts, { authority, dryRun }), dryRun, flags.json === true)
      return exitCodes.ok
    } catch (error) {
      const refusals = refusalsOf(error)
      if (refusals === undefined) throw error
      if (flags.json) print({ compatible: false, refusals })
      else
        process.stdout.write(
          `${refusals.map(({ message }) => message).join('\n')}\n${count(refusals.length, 'difference')}\n`,
        )
      return exitCodes.failed
    }
  })
}

function refusalsOf(error: unknown): readonly ContractRefusal[] | undefined {
  if (!isBanyanError(error) || error.reason !== 'SCHEMA_INCOMPATIBLE') return undefined
  return (error.details as { refusals?: readonly ContractRefusal[] } | undefined)?.refusals
}

function tellRegistered(schemas: readonly SchemaRegistration[], dryRun: boolean, json: boolean): void {
  if (json) return print({ compatible: true, schemas })
  const fresh = schemas.filter(({ state }) => state === 'new')
  for (const { subject } of fresh) process.stdout.write(`${dryRun ? 'new' : 'registered'}  ${subject}\n`)
  process.stdout.write(`${count(schemas.length, 'schema')}: all compatible, ${fresh.length} new\n`)
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`

/** Shows or sets the mode of a subject, or of all without one of their own. */
export function schemaConfig(
  subject: string | undefined,
  mode: string | undefined,
  flags: RegistryFlags,
): Promise<number> {
  const wanted = mode === undefined ? undefined : toMode(mode)
  return withAuthority(flags, async (authority) => {
    if (wanted !== undefined) await authority.setCompatibility(subject ?? '', wanted)
    const own = await authority.compatibility(subject ?? '')
    const inherited = own === undefined ? await authority.compatibility('') : undefined
    if (flags.json) print({ subject: subject ?? null, mode: own ?? inherited, own: own !== undefined })
    else process.stdout.write(`${own ?? `${inherited} (that of all subjects)`}\n`)
    return exitCodes.ok
  })
}

function toMode(text: string): CompatibilityMode {
  const mode = text.toUpperCase().replaceAll('-', '_')
  if (isCompatibilityMode(mode)) return mode
  throw new UsageError(`there is no mode '${text}'`, `There are: ${compatibilityModes.join(', ')}.`)
}

async function withAuthority(
  flags: RegistryFlags,
  use: (authority: HttpAuthority) => Promise<number>,
): Promise<number> {
  const authority = createHttpAuthority({ environment: realEnvironment(), ...toPlace(flags) })
  try {
    return await use(authority)
  } catch (error) {
    throw withHint(error)
  } finally {
    await authority.close()
  }
}

/** The one that is named, else the one of the system that runs on this data directory. */
function toPlace(flags: RegistryFlags): { readonly origin: string; readonly token?: string } {
  const { env } = process
  const named = flags.registry ?? env['BANYAN_SCHEMA_REGISTRY']
  const given = env['BANYAN_SCHEMA_TOKEN']
  if (named) return { origin: toOrigin(named), ...(given && { token: given }) }
  const found = findRunningRegistry(toDataDir(env, process.cwd()))
  if (found !== undefined) return found
  throw new UsageError(
    'there is no schema registry: none is named, and no system with one runs here',
    'Start the system, or give an address with --registry or BANYAN_SCHEMA_REGISTRY.',
  )
}

function toOrigin(text: string): string {
  const url = URL.parse(text)
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.origin
  throw new UsageError(`'${text}' is no address of a registry`, 'It looks like http://127.0.0.1:8081.')
}

function withHint(error: unknown): unknown {
  if (!(error instanceof BanyanError) || error.code !== 'UNAUTHENTICATED') return error
  return new CommandError(`the registry refuses: ${error.message}`, 'Put its token into BANYAN_SCHEMA_TOKEN.', {
    cause: error,
  })
}
