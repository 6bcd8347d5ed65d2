/** A registry of this process, as the gate and the command line ask it. */
import { absentAsEmpty, type SchemaAuthority } from 'banyan/control'
import type { Registry } from '../registry-types.ts'

/**
 * A registry of this process as an authority.
 *
 * @example
 * const registry = createRegistry({ storage: createMemoryStorage() })
 * const authority = fromRegistry(registry)
 * const gate = createSchemaGate({ authority, environment, cacheFile: '.banyan/schemas.json', log: console })
 */
export function fromRegistry(registry: Registry): SchemaAuthority {
  return {
    subjects: (prefix = '') => registry.subjects({ prefix }),
    latest: (prefix) => registry.listed({ prefix, latest: true }),
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
