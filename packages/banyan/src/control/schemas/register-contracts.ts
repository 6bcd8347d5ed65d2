/**
 * Registers the schemas of a system at deploy. All are judged before any is registered, so that a refused deploy leaves
 * nothing behind. Events are judged against the last version by their mode and, backward, against every version that is
 * still in the log: what a registry calls "transitive" asks about versions that may be long gone, and the plain modes forget
 * those that are not.
 */
import {
  type CompatibilityMode,
  checkCompatibility,
  type Incompatibility,
  rulesOf,
  type SchemaVersion,
} from '../../contract/compatibility/index.ts'
import type { AnyContract } from '../../contract/define-contract.ts'
import type { JsonSchema } from '../../contract/schema.ts'
import { BanyanError, isBanyanError } from '../../core/error.ts'
import type { PublishedVersion, SchemaAuthority } from './authority.ts'
import { type ContractSubject, fingerprintOf, subjectsOf } from './contract-subjects.ts'

/**
 * Fingerprints (`dataschema`) of the events of a type that are still in the log: `retainedSchemas(bus)` of `banyan/bus`. Undefined
 * when nobody can say; then every version that the registry has is taken to be there.
 */
export type Retained = (type: string) => Promise<readonly string[] | undefined>

/** What {@link registerContracts} takes. */
export interface RegisterOptions {
  readonly authority: SchemaAuthority
  /** Without it, every version that the registry has is taken to be in the log still. */
  readonly retained?: Retained
  /** Judges and registers nothing. */
  readonly dryRun?: boolean
}

/** What became of a subject. */
export interface SchemaRegistration {
  readonly subject: string
  readonly fingerprint: string
  readonly state: 'known' | 'new'
}

/** One reason why a system may not start. */
export interface ContractRefusal {
  readonly subject: string
  readonly mode: CompatibilityMode
  /** What the schemas say; undefined where they could not be compared. */
  readonly incompatibility?: Incompatibility
  readonly message: string
}

/**
 * Judges and registers. Rejects with FAILED_PRECONDITION `SCHEMA_INCOMPATIBLE` (`details.refusals` has them all) and then has
 * registered nothing.
 *
 * @example
 * const registered = await registerContracts([Payments], { authority: fromRegistry(registry) })
 * registered[0].subject // 'payments.captured.v1'
 */
export async function registerContracts(
  contracts: readonly AnyContract[],
  options: RegisterOptions,
): Promise<readonly SchemaRegistration[]> {
  const known = await readKnown(contracts, options.authority)
  const judged = await inParallel(subjectsOf(contracts), async (subject) =>
    known.has(keyOf(subject)) ? { subject, ...passed } : judge(subject, options),
  )
  const refusals = judged.flatMap((one) => one.refusals)
  if (refusals.length > 0) throw refused(refusals)
  if (options.dryRun !== true) await inParallel(judged, (one) => register(one, options.authority))
  return judged.map(({ subject: { subject, fingerprint }, state }) => ({ subject, fingerprint, state }))
}

/** Subjects that are asked about, or registered, at a time: a first start has hundreds of questions. */
const atATime = 8

async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let from = 0; from < items.length; from += atATime)
    results.push(...(await Promise.all(items.slice(from, from + atATime).map(work))))
  return results
}

const keyOf = ({ subject, fingerprint }: { readonly subject: string; readonly fingerprint: string }): string =>
  `${subject} ${fingerprint}`

/** Most starts change nothing: one question per contract instead of three per schema. What is not found is asked one by one. */
async function readKnown(contracts: readonly AnyContract[], authority: SchemaAuthority): Promise<ReadonlySet<string>> {
  const known = new Set<string>()
  for (const { name } of contracts)
    for (const { subject, schemaType, schema } of await latestOf(authority, `${name}.`))
      if (schemaType === 'JSON') known.add(keyOf({ subject, fingerprint: fingerprintOf(JSON.parse(schema)) }))
  return known
}

/** Registries that cannot list so many or do not know the question are no reason not to start. */
async function latestOf(
  authority: SchemaAuthority,
  prefix: string,
): Promise<readonly (PublishedVersion & { readonly subject: string })[]> {
  try {
    return (await authority.latest?.(prefix)) ?? []
  } catch (error) {
    if (isBanyanError(error) && error.code === 'UNAVAILABLE') throw error
    return []
  }
}

const passed = { state: 'known', mode: undefined, refusals: [] } as const

interface Judged {
  readonly subject: ContractSubject
  readonly state: SchemaRegistration['state']
  /** To be set, for a subject that has none. */
  readonly mode: CompatibilityMode | undefined
  readonly refusals: readonly ContractRefusal[]
}

interface Version extends SchemaVersion {
  readonly fingerprint: string
}

async function judge(subject: ContractSubject, options: RegisterOptions): Promise<Judged> {
  const { authority } = options
  const published = await authority.versions(subject.subject)
  const own = await authority.compatibility(subject.subject)
  const mode = own === undefined ? subject.mode : undefined
  const versions = published.filter((one) => one.schemaType === 'JSON').map(toVersion)
  if (versions.some(({ fingerprint }) => fingerprint === subject.fingerprint))
    return { subject, state: 'known', mode, refusals: [] }
  const applied = own ?? subject.mode
  const present = await presentOf(subject, options.retained)
  const refusals = [
    ...foreign(subject, published, applied),
    ...byMode(subject, stillThere(versions, present), applied),
    ...byLog(subject, versions, applied, present),
  ]
  return { subject, state: 'new', mode, refusals: withoutEchoes(refusals) }
}

/** Fingerprints of what lies in the log; undefined when nobody can say, and for what lies in no log. */
async function presentOf(
  { kind, wire }: ContractSubject,
  retained: Retained | undefined,
): Promise<ReadonlySet<string> | undefined> {
  const known = kind === 'event' ? await retained?.(wire) : undefined
  return known === undefined ? undefined : new Set(known)
}

/** What transitive modes are about: the last version, which may be published at this moment, and those that are still in the log. */
function stillThere(versions: readonly Version[], present: ReadonlySet<string> | undefined): readonly Version[] {
  if (present === undefined) return versions
  return versions.filter(({ fingerprint }, index) => index === versions.length - 1 || present.has(fingerprint))
}

function toVersion({ version, schema }: PublishedVersion): Version {
  const parsed = JSON.parse(schema) as JsonSchema
  return { label: `version ${version}`, schema: parsed, fingerprint: fingerprintOf(parsed) }
}

function foreign(
  { subject }: ContractSubject,
  published: readonly PublishedVersion[],
  mode: CompatibilityMode,
): readonly ContractRefusal[] {
  const other = published.findLast((one) => one.schemaType !== 'JSON')
  if (other === undefined || mode === 'NONE') return []
  const message = `${subject}: version ${other.version} is ${other.schemaType}, and contracts are JSON Schema. To do: use another subject, or delete that version.`
  return [{ subject, mode, message }]
}

function byMode(
  { subject, schema, unknown }: ContractSubject,
  versions: readonly Version[],
  mode: CompatibilityMode,
): readonly ContractRefusal[] {
  const { incompatibilities } = checkCompatibility({ mode, versions, candidate: schema, unknown })
  return incompatibilities.map((one) => toRefusal(subject, mode, one))
}

/** Old events that a replay would bring back, whichever version they are of. */
function byLog(
  { subject, schema, kind }: ContractSubject,
  versions: readonly Version[],
  mode: CompatibilityMode,
  present: ReadonlySet<string> | undefined,
): readonly ContractRefusal[] {
  if (kind !== 'event' || !rulesOf(mode).directions.includes('backward')) return []
  const old = versions.filter(({ fingerprint }) => present?.has(fingerprint) ?? true)
  const { incompatibilities } = checkCompatibility({ mode: 'BACKWARD_TRANSITIVE', versions: old, candidate: schema })
  const known = new Set(versions.map(({ fingerprint }) => fingerprint))
  const strangers = [...(present ?? [])].filter((fingerprint) => !known.has(fingerprint))
  return [
    ...incompatibilities.map((one) => toRefusal(subject, mode, one, 'events of it are still in the log')),
    ...strangers.map((fingerprint) => ({ subject, mode, message: stranger(subject, fingerprint) })),
  ]
}

function stranger(subject: string, fingerprint: string): string {
  return `${subject}: the log has events of a schema that the registry does not know (${fingerprint}), so it cannot be said whether the new schema reads them. To do: register that schema, or set the mode of the subject to NONE.`
}

function toRefusal(
  subject: string,
  mode: CompatibilityMode,
  incompatibility: Incompatibility,
  remark?: string,
): ContractRefusal {
  const note = remark === undefined ? '' : ` (${incompatibility.version}: ${remark})`
  return { subject, mode, incompatibility, message: `${subject}, mode ${mode}${note}: ${incompatibility.message}` }
}

/** What the mode has said already, the log need not say again. */
function withoutEchoes(refusals: readonly ContractRefusal[]): readonly ContractRefusal[] {
  const byDifference = new Map<string, ContractRefusal>()
  for (const refusal of refusals) {
    const { incompatibility: one } = refusal
    const key = one === undefined ? refusal.message : [one.version, one.direction, one.path, one.rule].join(' ')
    if (!byDifference.has(key)) byDifference.set(key, refusal)
  }
  return [...byDifference.values()]
}

async function register({ subject, state, mode }: Judged, authority: SchemaAuthority): Promise<void> {
  if (state === 'known') return
  if (mode !== undefined) await authority.setCompatibility(subject.subject, mode)
  await authority.register(subject.subject, { schemaType: 'JSON', schema: JSON.stringify(subject.schema) })
}

function refused(refusals: readonly ContractRefusal[]): BanyanError {
  const lines = refusals.map(({ message }) => `  - ${message}`)
  const count =
    refusals.length === 1 ? 'a schema breaks its mode' : `${refusals.length} differences break the modes of schemas`
  return new BanyanError('FAILED_PRECONDITION', `${count}:\n${lines.join('\n')}`, {
    reason: 'SCHEMA_INCOMPATIBLE',
    details: { refusals },
    hint: '`banyan schema check` shows this without starting anything.',
  })
}
