/** Whether a schema keeps what the mode of its subject promises. */
import { type CompatibilityMode, rulesOf, shown } from 'banyan/contract/compatibility'
import { fingerprintOf, type Retained, type SchemaType } from 'banyan/control'
import type { FormatDifference } from './format/format.ts'
import { formatOf, type PreparedSchema, sourceOf } from './prepared-schema.ts'
import type { Judgement, Refusal } from './registry-types.ts'
import type { SchemaStorage, StoredSchema, SubjectState } from './storage/storage.ts'

/** What is judged besides the schema. */
export interface Judging {
  readonly subject: string
  /** Against this version and no other. */
  readonly only?: number | undefined
  readonly retained?: Retained | undefined
}

/** Judges by a mode against what a subject has. */
export async function judge(
  storage: SchemaStorage,
  candidate: PreparedSchema,
  state: SubjectState,
  mode: CompatibilityMode,
  { subject, only, retained }: Judging,
): Promise<Judgement> {
  const live = state.versions.filter((one) => !one.deleted)
  const { directions, transitive } = rulesOf(mode)
  const all = transitive ? await stillThere(storage, live, await retained?.(subject)) : live.slice(-1)
  const past = only === undefined ? all : live.filter((one) => one.version === only)
  const refusals: Refusal[] = []
  for (const { version, id } of past) {
    const stored = (await storage.schema(id)) as StoredSchema
    if (stored.fingerprint === candidate.fingerprint) continue
    if (directions.length > 0 && stored.type !== candidate.type) {
      refusals.push(otherType(stored.type, candidate.type, version))
      continue
    }
    const earlier = await sourceOf(storage, stored)
    const format = await formatOf(candidate.type)
    for (const direction of directions) {
      const [writer, reader] = direction === 'backward' ? [earlier, candidate.source] : [candidate.source, earlier]
      refusals.push(...format.compare(writer, reader).map((one) => toRefusal(one, direction, version)))
    }
    const forbidden = directions.length > 0 ? format.forbidden?.(earlier, candidate.source) : undefined
    refusals.push(...(forbidden ?? []).map((one) => toRefusal(one, 'backward', version)))
  }
  return { compatible: refusals.length === 0, refusals }
}

/** The last version, and those by which events that lie in a log were written. */
async function stillThere(
  storage: SchemaStorage,
  live: SubjectState['versions'],
  present: readonly string[] | undefined,
): Promise<SubjectState['versions']> {
  if (present === undefined) return live
  const found = await Promise.all(
    live.map(async ({ id }, index) => {
      const { type, schema } = (await storage.schema(id)) as StoredSchema
      // Only of JSON Schemas it is known by which name an event says that it was written by them.
      return index === live.length - 1 || type !== 'JSON' || present.includes(fingerprintOf(JSON.parse(schema)))
    }),
  )
  return live.filter((_, index) => found[index])
}

function otherType(before: SchemaType, after: SchemaType, version: number): Refusal {
  const facts = { path: '', rule: 'schemaType', writer: before, reader: after, confirmed: true }
  const message = `the schema type was ${before} in version ${version} and is now ${after}`
  return { ...facts, direction: 'backward', version, message }
}

function toRefusal(difference: FormatDifference, direction: Refusal['direction'], version: number): Refusal {
  const { path, rule, writer, reader, confirmed, witness, refusal } = difference
  const [before, after] = direction === 'backward' ? [writer, reader] : [reader, writer]
  const where = path === '' ? 'the document' : `'${path}'`
  const who =
    direction === 'backward' ? `a document of version ${version}` : `for readers of version ${version}, a new document`
  const proof = `${who} is refused: ${shown(witness)} (${refusal ?? ''})`
  const doubt =
    rule === 'reserved' ? 'what was reserved may not come back' : 'it could not be proven that all documents are read'
  const message = `${where}, rule '${rule}': ${shown(before)} in version ${version}, now ${shown(after)}; ${confirmed ? proof : doubt}`
  return { ...difference, direction, version, message }
}
