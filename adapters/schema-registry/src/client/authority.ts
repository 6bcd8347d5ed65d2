/** What the gate and the command line ask of a registry, wherever it is: in this process, or behind its HTTP port. */
import type { CompatibilityMode } from 'banyan/contract'
import type { SchemaType } from '../format/format.ts'
import type { Registry, SchemaInput } from '../registry.ts'
import { errorCodeOf, errorCodes } from '../registry-error.ts'

/** A version as it is published. */
export interface PublishedVersion {
  readonly version: number
  readonly id: number
  readonly schemaType: SchemaType
  readonly schema: string
}

/** The port. Its errors are the registry's, and UNAVAILABLE `SCHEMA_REGISTRY_UNREACHABLE` when nobody answers. */
export interface SchemaAuthority {
  subjects(prefix?: string): Promise<readonly string[]>
  /** Ascending; [] for a subject that is not there. */
  versions(subject: string): Promise<readonly PublishedVersion[]>
  /** The subject's own mode, or undefined. '' is the mode of all. */
  compatibility(subject: string): Promise<CompatibilityMode | undefined>
  setCompatibility(subject: string, mode: CompatibilityMode): Promise<void>
  /** The id. */
  register(subject: string, input: SchemaInput): Promise<number>
  /** Sentences that say why the schema would be refused; [] when it would not. */
  check(subject: string, input: SchemaInput): Promise<readonly string[]>
}

/**
 * A registry of this process as an authority.
 *
 * @example
 * const gate = createSchemaGate({ authority: fromRegistry(registry), environment, cacheFile: '.banyan/schemas.json', log })
 */
export function fromRegistry(registry: Registry): SchemaAuthority {
  return {
    subjects: (prefix = '') => registry.subjects({ prefix }),
    versions: (subject) =>
      absentAsEmpty(async () => {
        const numbers = await registry.versions(subject)
        return Promise.all(numbers.map((version) => registry.version(subject, version)))
      }),
    compatibility: (subject) => registry.compatibility(subject, true),
    setCompatibility: (subject, mode) => registry.setCompatibility(subject, mode),
    register: async (subject, input) => (await registry.register(subject, input)).id,
    check: async (subject, input) => (await registry.check(subject, input)).refusals.map(({ message }) => message),
  }
}

/** A subject that is not there has no versions. */
export async function absentAsEmpty<Item>(read: () => Promise<readonly Item[]>): Promise<readonly Item[]> {
  try {
    return await read()
  } catch (error) {
    if (errorCodeOf(error) === errorCodes.subjectNotFound) return []
    throw error
  }
}
