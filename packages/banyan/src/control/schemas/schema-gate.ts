/**
 * The gate that a host passes at its start. With a registry it registers or refuses. Without an answer from one it lets pass
 * what was accepted before, which it remembers on disk, and nothing else: a schema that nobody has judged may be the one that
 * breaks every reader.
 */
import type { AnyContract } from '../../contract/define-contract.ts'
import type { Environment } from '../../core/environment/environment.ts'
import { BanyanError, isBanyanError } from '../../core/error.ts'
import type { SchemaGate } from '../../runtime/schema-gate.ts'
import type { SchemaAuthority } from './authority.ts'
import { type ContractSubject, subjectsOf } from './contract-subjects.ts'
import { type Retained, registerContracts } from './register-contracts.ts'

/** What {@link createSchemaGate} takes. */
export interface SchemaGateOptions {
  readonly authority: SchemaAuthority
  readonly environment: Environment
  /** Where accepted fingerprints are remembered. */
  readonly cacheFile: string
  readonly retained?: Retained
  readonly log: { info(message: string): void; warn(message: string): void }
}

/** Fingerprints remembered of one subject: enough for going back and forth between releases. */
const maxRemembered = 16

type Accepted = Readonly<Record<string, readonly string[]>>

/**
 * Creates the gate of a host (`HostOptions.schemas`).
 *
 * @example
 * // `authority` is `fromRegistry(registry)`, or a registry behind its port.
 * const schemas = createSchemaGate({ authority, environment, cacheFile: '.banyan/schemas.json', log: console })
 * // What a host does that is given `schemas`:
 * await schemas.admit([Orders, Payments])
 */
export function createSchemaGate(options: SchemaGateOptions): SchemaGate {
  const { authority, environment, cacheFile, retained, log } = options
  return {
    async admit(contracts) {
      try {
        await registerContracts(contracts, { authority, ...(retained !== undefined && { retained }) })
      } catch (error) {
        if (!isBanyanError(error) || error.code !== 'UNAVAILABLE') throw error
        const strangers = await unknownSubjects(environment, cacheFile, contracts)
        if (strangers.length > 0) throw cannotSay(strangers, error)
        log.warn(`${error.message}; starting, since all schemas were accepted before`)
        return
      }
      await remember(environment, cacheFile, contracts).catch((error: Error) =>
        log.warn(`accepted schemas cannot be remembered in ${cacheFile}: ${error.message}`),
      )
    },
  }
}

async function unknownSubjects(
  { files }: Environment,
  cacheFile: string,
  contracts: readonly AnyContract[],
): Promise<readonly ContractSubject[]> {
  const accepted = toAccepted(await files.readText(cacheFile).catch(() => undefined))
  return subjectsOf(contracts).filter(({ subject, fingerprint }) => !accepted[subject]?.includes(fingerprint))
}

/** Whatever is wrong with the file, nothing was accepted then. */
function toAccepted(text: string | undefined): Accepted {
  try {
    const { accepted } = JSON.parse(text ?? '{}') as { accepted?: unknown }
    if (typeof accepted !== 'object' || accepted === null) return {}
    const lists = Object.entries(accepted).filter(([, list]) => Array.isArray(list))
    return Object.assign(Object.create(null), Object.fromEntries(lists)) as Accepted
  } catch {
    return {}
  }
}

/** Hosts of one folder write one after the other or over each other; what is lost is asked for again at the next start. */
async function remember({ files }: Environment, cacheFile: string, contracts: readonly AnyContract[]): Promise<void> {
  const before = toAccepted(await files.readText(cacheFile))
  const accepted: Record<string, readonly string[]> = { ...before }
  for (const { subject, fingerprint } of subjectsOf(contracts)) {
    const others = (before[subject] ?? []).filter((one) => one !== fingerprint)
    accepted[subject] = [fingerprint, ...others].slice(0, maxRemembered)
  }
  await files.writeText(cacheFile, `${JSON.stringify({ accepted }, null, 2)}\n`)
}

const maxNamed = 10

function cannotSay(strangers: readonly ContractSubject[], cause: BanyanError): BanyanError {
  const names = strangers.slice(0, maxNamed).map(({ subject }) => subject)
  const more = strangers.length > maxNamed ? ` and ${strangers.length - maxNamed} more` : ''
  const message = `${cause.message}; these schemas were never accepted, so it is not known whether others can read what they describe: ${names.join(', ')}${more}`
  return new BanyanError('UNAVAILABLE', message, {
    reason: 'SCHEMA_REGISTRY_UNREACHABLE',
    retryable: true,
    hint: 'Bring the registry back, or start the version that ran before.',
    cause,
  })
}
