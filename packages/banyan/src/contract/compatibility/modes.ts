/**
 * The modes of compatibility, with the names that schema registries have given them. Backward: new readers read old documents
 * (update readers first). Forward: old readers read new documents (update writers first). Full: both, in any order. The plain
 * forms look at the last version only; where old documents are still there (a log that is replayed), only the transitive
 * forms say anything.
 */
import type { JsonSchema } from '../../schema/json-schema.ts'
import { adviceFor, type Direction } from './advice.ts'
import { type CompareOptions, compareSchemas } from './compare-schemas.ts'
import { type Finding, type Verdict, verdictOf } from './finding.ts'

/** All modes, from the loosest. */
export const compatibilityModes = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const

/** One of {@link compatibilityModes}. */
export type CompatibilityMode = (typeof compatibilityModes)[number]

/** What a mode asks for. */
export interface ModeRules {
  readonly directions: readonly Direction[]
  /** Against all earlier versions, not only the last. */
  readonly transitive: boolean
}

/** The rules of a mode. */
export function rulesOf(mode: CompatibilityMode): ModeRules {
  const directions: Direction[] = []
  if (mode.startsWith('BACKWARD') || mode.startsWith('FULL')) directions.push('backward')
  if (mode.startsWith('FORWARD') || mode.startsWith('FULL')) directions.push('forward')
  return { directions, transitive: mode.endsWith('_TRANSITIVE') }
}

/** True for the name of a mode. */
export function isCompatibilityMode(value: unknown): value is CompatibilityMode {
  return (compatibilityModes as readonly unknown[]).includes(value)
}

/** A version of a schema and what it is called in messages. */
export interface SchemaVersion {
  /** As in 'version 3'. */
  readonly label: string
  readonly schema: JsonSchema
}

/** A finding between two versions. */
export interface Incompatibility extends Finding {
  readonly direction: Direction
  /** Label of the earlier version. */
  readonly version: string
  /** What the earlier version says of the rule. */
  readonly before: unknown
  /** What the new one says. */
  readonly after: unknown
  /** What to do. */
  readonly advice: string
  /** All of it for a person: which field, which rule, the witness, what to do. */
  readonly message: string
}

/** The answer about a new version. */
export interface Compatibility {
  readonly verdict: Verdict
  readonly incompatibilities: readonly Incompatibility[]
}

/** What {@link checkCompatibility} takes. */
export interface CompatibilityRequest extends CompareOptions {
  readonly mode: CompatibilityMode
  readonly candidate: JsonSchema
  /** Earlier versions, the oldest first. */
  readonly versions: readonly SchemaVersion[]
}

/**
 * Whether a new version of a schema keeps what its mode promises.
 *
 * @example
 * const { verdict, incompatibilities } = checkCompatibility({
 *   mode: 'BACKWARD',
 *   versions: [{ label: 'version 1', schema: { type: 'string' } }],
 *   candidate: { type: 'string', maxLength: 3 },
 * })
 * verdict // 'incompatible'
 * incompatibilities[0].message.startsWith("the document, rule 'maxLength': nothing in version 1, now 3.") // true
 */
export function checkCompatibility(request: CompatibilityRequest): Compatibility {
  const { directions, transitive } = rulesOf(request.mode)
  const versions = transitive ? request.versions : request.versions.slice(-1)
  const incompatibilities = versions.flatMap((version) =>
    directions.flatMap((direction) => between(version, request, direction)),
  )
  return { verdict: verdictOf(incompatibilities), incompatibilities }
}

function between(version: SchemaVersion, request: CompatibilityRequest, direction: Direction): Incompatibility[] {
  const { candidate } = request
  const [writer, reader] = direction === 'backward' ? [version.schema, candidate] : [candidate, version.schema]
  return compareSchemas(writer, reader, request).findings.map((finding) =>
    toIncompatibility(finding, direction, version.label),
  )
}

/** Adds to a finding between an earlier and a new version what a person needs. */
export function toIncompatibility(finding: Finding, direction: Direction, version: string): Incompatibility {
  const [before, after] = direction === 'backward' ? [finding.writer, finding.reader] : [finding.reader, finding.writer]
  const advice = adviceFor(finding, direction)
  const facts = { ...finding, direction, version, before, after, advice }
  return { ...facts, message: describe(facts) }
}

const maxShown = 300

/** JSON for a message, bounded. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length <= maxShown ? text : `${text.slice(0, maxShown).toWellFormed()}…`
}

function describe(facts: Omit<Incompatibility, 'message'>): string {
  const { path, rule, direction, version, before, after, confirmed, advice } = facts
  const where = path === '' ? 'the document' : `'${path}'`
  const change = `${where}, rule '${rule}': ${shown(before)} in ${version}, now ${shown(after)}`
  const who =
    direction === 'backward'
      ? `A document of ${version} is refused by the new schema`
      : `Readers of ${version} refuse a new document`
  const proof = `${who}: ${shown(facts.witness)} (${facts.refusal})`
  return `${change}. ${confirmed ? proof : undecidedText(direction, version)}. To do: ${advice}.`
}

function undecidedText(direction: Direction, version: string): string {
  const who =
    direction === 'backward'
      ? `the new schema reads all documents of ${version}`
      : `readers of ${version} read all new documents`
  return `It could not be decided whether ${who}`
}
