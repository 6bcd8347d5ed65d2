/** A registry's storage in memory: for tests and for systems that register anew at every start. */
import type {
  NewSchema,
  SchemaStorage,
  StoredSchema,
  SubjectSettings,
  SubjectState,
  SubjectVersion,
} from './storage.ts'

interface Subject {
  revision: number
  versions: SubjectVersion[]
  settings: SubjectSettings
}

/** Each schema once, whatever subjects have it. */
function createSchemas(): {
  readonly byId: ReadonlyMap<number, StoredSchema>
  readonly byFingerprint: ReadonlyMap<string, StoredSchema>
  add(schema: NewSchema): StoredSchema
} {
  const byId = new Map<number, StoredSchema>()
  const byFingerprint = new Map<string, StoredSchema>()
  return {
    byId,
    byFingerprint,
    add(schema) {
      const known = byFingerprint.get(schema.fingerprint)
      if (known !== undefined) return known
      const stored: StoredSchema = { ...schema, id: byId.size + 1 }
      byId.set(stored.id, stored)
      byFingerprint.set(stored.fingerprint, stored)
      return stored
    },
  }
}

/**
 * Makes an empty storage.
 *
 * @example
 * const registry = createRegistry({ storage: createMemoryStorage() })
 */
export function createMemoryStorage(): SchemaStorage {
  const subjects = new Map<string, Subject>()
  const schemas = createSchemas()

  const of = (name: string): Subject => {
    const found = subjects.get(name) ?? { revision: 0, versions: [], settings: {} }
    subjects.set(name, found)
    return found
  }
  const change = (name: string, versions: (before: SubjectVersion[]) => SubjectVersion[]): void => {
    const subject = of(name)
    subject.revision += 1
    subject.versions = versions(subject.versions)
  }

  return {
    async subjects({ prefix, deleted, limit }) {
      return [...subjects]
        .filter(([name, { versions }]) => name.startsWith(prefix) && versions.some((one) => deleted || !one.deleted))
        .map(([name]) => name)
        .sort()
        .slice(0, limit)
    },
    async subject(name): Promise<SubjectState> {
      const { revision, versions, settings } = subjects.get(name) ?? { revision: 0, versions: [], settings: {} }
      return { revision, versions: [...versions], settings }
    },
    async listed({ prefix, latest, deleted, offset, limit }) {
      const chosen = [...subjects]
        .filter(([name]) => name.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, { versions }]) => versions.filter((one) => deleted || !one.deleted))
        .flatMap((versions) => (latest ? versions.slice(-1) : versions))
      return chosen
        .slice(offset, offset + limit)
        .map(({ subject, version, id }) => ({ ...(schemas.byId.get(id) as StoredSchema), subject, version }))
    },
    schema: async (id) => schemas.byId.get(id),
    byFingerprint: async (fingerprint) => schemas.byFingerprint.get(fingerprint),
    async uses(id) {
      return [...subjects.values()].flatMap(({ versions }) => versions.filter((one) => one.id === id))
    },
    async isReferred(subject, version) {
      const used = new Set([...subjects.values()].flatMap(({ versions }) => versions.map(({ id }) => id)))
      const refers = (one: StoredSchema): boolean =>
        one.references.some((reference) => reference.subject === subject && reference.version === version)
      return [...schemas.byId.values()].some((one) => used.has(one.id) && refers(one))
    },
    async append(name, revision, schema) {
      if (of(name).revision !== revision) return undefined
      const { id } = schemas.add(schema)
      const version = Math.max(0, ...of(name).versions.map((one) => one.version)) + 1
      const added: SubjectVersion = { subject: name, version, id, deleted: false }
      change(name, (before) => [...before, added])
      return added
    },
    async mark(name, versions, deleted) {
      change(name, (before) => before.map((one) => (versions.includes(one.version) ? { ...one, deleted } : one)))
    },
    async remove(name, versions) {
      change(name, (before) => before.filter((one) => !versions.includes(one.version)))
    },
    async configure(name, settings) {
      of(name).settings = settings
      change(name, (before) => before)
    },
    async ping() {},
    async close() {},
  }
}
