/**
 * The registry: subjects with versions, each judged against its past by the subject's mode before it is taken. What it
 * accepts, it has proven; what it refuses, it shows (see compatibility in banyan/contract).
 */
import { createHash } from 'node:crypto'
import { type CompatibilityMode, isCompatibilityMode, rulesOf, shown } from 'banyan/contract'
import { errorCodes, registryError, type SchemaInput, type SchemaReference, type SchemaType } from 'banyan/control'
import { isBanyanError } from 'banyan/core'
import { avroFormat } from './format/avro.ts'
import type { FormatDifference, SchemaFormat, SchemaSource } from './format/format.ts'
import { jsonFormat } from './format/json.ts'
import { protobufFormat, reusedNumbers } from './format/protobuf.ts'
import type { NewSchema, SchemaStorage, StoredSchema, SubjectState, SubjectVersion } from './storage/storage.ts'
import { forSubjects } from './subjects.ts'

/** Longest schema, in characters. */
export const maxSchemaLength: number = 512 * 1024
/** Versions of one subject, at most. */
export const maxVersions = 1_000
/** Schemas that one schema needs, directly and not. */
export const maxReferences = 64
/** Attempts to register while others change the same subject. */
const maxAttempts = 8

/** A version with its schema. */
export interface RegisteredSchema {
  readonly subject: string
  readonly version: number
  readonly id: number
  readonly schemaType: SchemaType
  readonly schema: string
  readonly references: readonly SchemaReference[]
}

/** One reason why a schema is refused. */
export interface Refusal extends FormatDifference {
  readonly direction: 'backward' | 'forward'
  readonly version: number
  readonly message: string
}

/** The answer about a schema. */
export interface Judgement {
  readonly compatible: boolean
  readonly refusals: readonly Refusal[]
}

/** What {@link createRegistry} takes. */
export interface RegistryOptions {
  readonly storage: SchemaStorage
  /** For subjects without a mode of their own, until the global one is set. Default 'BACKWARD', as in Confluent's. */
  readonly compatibility?: CompatibilityMode
}

/** The registry. Errors are those of the REST dialect (see `errorCodes`). */
export interface Registry {
  /** Registers and gives the id; the same schema again gives the same version again. */
  register(subject: string, input: SchemaInput): Promise<RegisteredSchema>
  /** The version of the subject that has this schema; 40401, 40403. */
  lookup(subject: string, input: SchemaInput, options?: { readonly deleted?: boolean }): Promise<RegisteredSchema>
  /** Judges by the subject's mode, against one version, the last, or (undefined) all that the mode looks at. */
  check(subject: string, input: SchemaInput, version?: number | 'latest'): Promise<Judgement>
  version(
    subject: string,
    version: number | 'latest',
    options?: { readonly deleted?: boolean },
  ): Promise<RegisteredSchema>
  versions(subject: string, options?: { readonly deleted?: boolean }): Promise<readonly number[]>
  subjects(options?: { readonly prefix?: string; readonly deleted?: boolean }): Promise<readonly string[]>
  schema(id: number): Promise<StoredSchema>
  uses(id: number): Promise<readonly SubjectVersion[]>
  /** Soft, or for good what was deleted softly before; gives the versions. */
  remove(subject: string, version: number | 'latest' | 'all', permanent?: boolean): Promise<readonly number[]>
  /** The mode that holds for a subject ('' for all); undefined when `own` is asked for and none is set. */
  compatibility(subject: string, own?: boolean): Promise<CompatibilityMode | undefined>
  setCompatibility(subject: string, mode: CompatibilityMode | undefined): Promise<void>
  mode(subject: string, own?: boolean): Promise<'READWRITE' | 'READONLY' | undefined>
  setMode(subject: string, mode: 'READWRITE' | 'READONLY' | undefined): Promise<void>
  ping(): Promise<void>
  close(): Promise<void>
}

const formats: Readonly<Record<SchemaType, SchemaFormat>> = {
  JSON: jsonFormat,
  AVRO: avroFormat,
  PROTOBUF: protobufFormat,
}

/**
 * Creates a registry.
 *
 * @example
 * const registry = createRegistry({ storage: createMemoryStorage() })
 * const { id } = await registry.register('orders.placed.v1', { schemaType: 'JSON', schema: '{"type":"object"}' })
 */
export function createRegistry({ storage, compatibility = 'BACKWARD' }: RegistryOptions): Registry {
  const subjects = forSubjects(storage, compatibility)

  async function prepare(input: SchemaInput): Promise<NewSchema & { readonly source: SchemaSource }> {
    const { schemaType: type = 'AVRO', schema, references = [] } = input
    const format = formats[type]
    if (format === undefined) throw registryError(errorCodes.invalidSchema, `there is no schema type '${String(type)}'`)
    if (schema.length > maxSchemaLength)
      throw registryError(
        errorCodes.tooLarge,
        `the schema has ${schema.length} characters, at most ${maxSchemaLength} are allowed`,
      )
    const source = { schema, references: await resolve(references) }
    let canonical: string
    try {
      canonical = format.canonical(source)
    } catch (cause) {
      throw registryError(errorCodes.invalidSchema, `the schema cannot be used: ${(cause as Error).message}`, { cause })
    }
    const fingerprint = createHash('sha256')
      .update(JSON.stringify([type, canonical, references]))
      .digest('hex')
    return { type, schema, references, fingerprint, source }
  }

  /** What is referred to, the innermost first. */
  async function resolve(references: readonly SchemaReference[]): Promise<SchemaSource['references']> {
    const found = new Map<string, string>()
    const visit = async (list: readonly SchemaReference[], depth: number): Promise<void> => {
      for (const { name, subject, version } of list) {
        if (found.has(name)) continue
        if (found.size >= maxReferences || depth > maxReferences)
          throw registryError(errorCodes.invalidSchema, `more than ${maxReferences} references`)
        const target = (await storage.subject(subject)).versions.find((one) => one.version === version)
        const stored = target && (await storage.schema(target.id))
        if (stored === undefined)
          throw registryError(
            errorCodes.invalidSchema,
            `the reference '${name}' leads nowhere: there is no version ${version} of '${subject}'`,
          )
        await visit(stored.references, depth + 1)
        found.set(name, stored.schema)
      }
    }
    await visit(references, 0)
    return [...found].map(([name, schema]) => ({ name, schema }))
  }

  const sourceOf = async (stored: StoredSchema): Promise<SchemaSource> => ({
    schema: stored.schema,
    references: await resolve(stored.references),
  })

  async function judge(
    candidate: NewSchema & { readonly source: SchemaSource },
    state: SubjectState,
    mode: CompatibilityMode,
    only?: number,
  ): Promise<Judgement> {
    const live = state.versions.filter((one) => !one.deleted)
    const { directions, transitive } = rulesOf(mode)
    const past = only === undefined ? (transitive ? live : live.slice(-1)) : live.filter((one) => one.version === only)
    const refusals: Refusal[] = []
    for (const { version, id } of past) {
      const stored = (await storage.schema(id)) as StoredSchema
      if (stored.fingerprint === candidate.fingerprint) continue
      if (directions.length > 0 && stored.type !== candidate.type) {
        refusals.push(otherType(stored.type, candidate.type, version))
        continue
      }
      const earlier = await sourceOf(stored)
      const format = formats[candidate.type]
      for (const direction of directions) {
        const [writer, reader] = direction === 'backward' ? [earlier, candidate.source] : [candidate.source, earlier]
        refusals.push(...format.compare(writer, reader).map((one) => toRefusal(one, direction, version)))
      }
      if (candidate.type === 'PROTOBUF' && directions.length > 0)
        refusals.push(...reusedNumbers(earlier, candidate.source).map((one) => toRefusal(one, 'backward', version)))
    }
    return { compatible: refusals.length === 0, refusals }
  }

  async function find(
    state: SubjectState,
    fingerprint: string,
    deleted: boolean,
  ): Promise<RegisteredSchema | undefined> {
    const stored = await storage.byFingerprint(fingerprint)
    const version = state.versions.findLast((one) => one.id === stored?.id && (deleted || !one.deleted))
    return stored && version && toRegistered(version, stored)
  }

  return {
    ...subjects,
    async register(subject, input) {
      subjects.assertName(subject)
      const schema = await prepare(input)
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const state = await storage.subject(subject)
        const known = await find(state, schema.fingerprint, false)
        if (known !== undefined) return known
        await subjects.assertWritable(subject)
        if (state.versions.length >= maxVersions)
          throw registryError(errorCodes.notPermitted, `'${subject}' has ${maxVersions} versions already (maxVersions)`)
        const mode = await subjects.modeOf(subject, state)
        const { compatible, refusals } = await judge(schema, state, mode)
        if (!compatible) throw incompatible(subject, mode, refusals)
        const added = await storage.append(subject, state.revision, schema)
        if (added !== undefined) return toRegistered(added, schema)
      }
      throw registryError(errorCodes.incompatible, `'${subject}' is being changed by others all the time; try again`)
    },
    async lookup(subject, input, { deleted = false } = {}) {
      const state = await subjects.existing(subject, deleted)
      const found = await find(state, (await prepare(input)).fingerprint, deleted)
      if (found === undefined) throw registryError(errorCodes.schemaNotFound, `'${subject}' has no such schema`)
      return found
    },
    async check(subject, input, version) {
      const state = version === undefined ? await storage.subject(subject) : await subjects.existing(subject, false)
      const only = version === undefined ? undefined : subjects.pick(state, subject, version, false).version
      return judge(await prepare(input), state, await subjects.modeOf(subject, state), only)
    },
    async version(subject, version, { deleted = false } = {}) {
      const found = subjects.pick(await subjects.existing(subject, deleted), subject, version, deleted)
      return toRegistered(found, (await storage.schema(found.id)) as StoredSchema)
    },
    async schema(id) {
      const found = await storage.schema(id)
      if (found === undefined) throw registryError(errorCodes.schemaNotFound, `there is no schema with the id ${id}`)
      return found
    },
    uses: (id) => storage.uses(id),
    ping: () => storage.ping(),
    close: () => storage.close(),
  }
}

function toRegistered({ subject, version, id }: SubjectVersion, stored: NewSchema): RegisteredSchema {
  return { subject, version, id, schemaType: stored.type, schema: stored.schema, references: stored.references }
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

function incompatible(subject: string, mode: CompatibilityMode, refusals: readonly Refusal[]): Error {
  const messages = refusals.map(({ direction, message }) => `${direction}: ${message}`)
  const text = `the schema is not ${mode} compatible with what '${subject}' has:\n${messages.map((one) => `  - ${one}`).join('\n')}`
  return registryError(errorCodes.incompatible, text, { messages })
}

/** The mode that a text names; 42203 otherwise. */
export function toCompatibilityMode(value: unknown): CompatibilityMode {
  const name = typeof value === 'string' ? value.toUpperCase() : value
  if (isCompatibilityMode(name)) return name
  throw registryError(errorCodes.invalidCompatibility, `there is no compatibility level ${JSON.stringify(value)}`)
}

/** True when the error says that a schema breaks its subject's mode. */
export function isIncompatible(error: unknown): boolean {
  return isBanyanError(error) && error.reason === 'SCHEMA_INCOMPATIBLE'
}
