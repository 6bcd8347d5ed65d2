/**
 * The registry: subjects with versions, each judged against its past by the subject's mode before it is taken. What it
 * accepts, it has proven; what it refuses, it shows (see compatibility in banyan/contract).
 */
import { type CompatibilityMode, isCompatibilityMode } from 'banyan/contract/compatibility'
import { errorCodes, type Retained, registryError } from 'banyan/control'
import { isBanyanError } from 'banyan/core'
import { judge } from './judge.ts'
import { prepare } from './prepared-schema.ts'
import type { Refusal, RegisteredSchema, Registry } from './registry-types.ts'
import type { NewSchema, SchemaStorage, StoredSchema, SubjectState, SubjectVersion } from './storage/storage.ts'
import { forSubjects } from './subjects.ts'

/** Versions of one subject, at most. */
const maxVersions = 1_000
/** Attempts to register while others change the same subject. */
const maxAttempts = 8
/** Versions in one list: as many as Confluent's gives unless it is told otherwise. */
const maxListed = 1_000

/** What {@link createRegistry} takes. */
export interface RegistryOptions {
  readonly storage: SchemaStorage
  /** For subjects without a mode of their own, until the global one is set. Default 'BACKWARD', as in Confluent's. */
  readonly compatibility?: CompatibilityMode
  /**
   * Fingerprints of the schemas that a log still has for events of a subject's name (`retainedSchemas(bus)` of `banyan/bus`): transitive
   * modes then look at those and the last version only. Undefined, or left out: at all versions.
   */
  readonly retained?: Retained
}

/**
 * Creates a registry.
 *
 * @example
 * const registry = createRegistry({ storage: createMemoryStorage() })
 * const { id } = await registry.register('orders.placed.v1', { schemaType: 'JSON', schema: '{"type":"object"}' })
 */
export function createRegistry({ storage, compatibility = 'BACKWARD', retained }: RegistryOptions): Registry {
  const subjects = forSubjects(storage, compatibility)

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
      const schema = await prepare(storage, input)
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const state = await storage.subject(subject)
        const known = await find(state, schema.fingerprint, false)
        if (known !== undefined) return known
        await subjects.assertWritable(subject)
        if (state.versions.length >= maxVersions)
          throw registryError(errorCodes.notPermitted, `'${subject}' has ${maxVersions} versions already (maxVersions)`)
        const mode = await subjects.modeOf(subject, state)
        const { compatible, refusals } = await judge(storage, schema, state, mode, { subject, retained })
        if (!compatible) throw incompatible(subject, mode, refusals)
        const added = await storage.append(subject, state.revision, schema)
        if (added !== undefined) return toRegistered(added, schema)
      }
      throw registryError(errorCodes.incompatible, `'${subject}' is being changed by others all the time; try again`)
    },
    async lookup(subject, input, { deleted = false } = {}) {
      const state = await subjects.existing(subject, deleted)
      const found = await find(state, (await prepare(storage, input)).fingerprint, deleted)
      if (found === undefined) throw registryError(errorCodes.schemaNotFound, `'${subject}' has no such schema`)
      return found
    },
    async check(subject, input, version) {
      const state = version === undefined ? await storage.subject(subject) : await subjects.existing(subject, false)
      const only = version === undefined ? undefined : subjects.pick(state, subject, version, false).version
      const mode = await subjects.modeOf(subject, state)
      return judge(storage, await prepare(storage, input), state, mode, { subject, only, retained })
    },
    async version(subject, version, { deleted = false } = {}) {
      const found = subjects.pick(await subjects.existing(subject, deleted), subject, version, deleted)
      return toRegistered(found, (await storage.schema(found.id)) as StoredSchema)
    },
    async listed({ prefix = '', latest = false, deleted = false, offset = 0, limit = maxListed } = {}) {
      const found = await storage.listed({ prefix, latest, deleted, offset, limit: Math.min(limit, maxListed) })
      return found.map((one) => toRegistered(one, one))
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

function toRegistered({ subject, version, id }: Omit<SubjectVersion, 'deleted'>, stored: NewSchema): RegisteredSchema {
  return { subject, version, id, schemaType: stored.type, schema: stored.schema, references: stored.references }
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
