/** Subjects: their names, versions, settings and their deleting in two steps (first softly, then for good). */
import type { CompatibilityMode } from 'banyan/contract/compatibility'
import { errorCodes, registryError } from 'banyan/control'
import type { Registry } from './registry-types.ts'
import type { SchemaStorage, SubjectMode, SubjectSettings, SubjectState, SubjectVersion } from './storage/storage.ts'

/** Longest name of a subject, in characters. */
const maxNameLength = 255
const controls = /\p{Cc}/u
/** Subjects in one list. */
const maxListed = 10_000

type Public = Pick<
  Registry,
  'versions' | 'subjects' | 'remove' | 'compatibility' | 'setCompatibility' | 'mode' | 'setMode'
>

/** The part of the registry that is about subjects. */
export interface Subjects extends Public {
  assertName(subject: string): void
  assertWritable(subject: string): Promise<void>
  /** 40401 when it has no versions. */
  existing(subject: string, deleted: boolean): Promise<SubjectState>
  pick(state: SubjectState, subject: string, version: number | 'latest', deleted: boolean): SubjectVersion
  modeOf(subject: string, state: SubjectState): Promise<CompatibilityMode>
}

/** Makes it. */
export function forSubjects(storage: SchemaStorage, fallback: CompatibilityMode): Subjects {
  const settingsOf = async (subject: string): Promise<SubjectSettings> => (await storage.subject(subject)).settings

  const subjects: Subjects = {
    assertName(subject) {
      if (subject === '' || subject.length > maxNameLength || controls.test(subject) || !subject.isWellFormed())
        throw registryError(
          errorCodes.invalidSubject,
          `a subject has 1 to ${maxNameLength} characters and no control characters`,
        )
    },
    async assertWritable(subject) {
      if ((await subjects.mode(subject)) === 'READONLY')
        throw registryError(errorCodes.notPermitted, `'${subject}' is READONLY`)
    },
    async existing(subject, deleted) {
      const state = await storage.subject(subject)
      if (!state.versions.some((one) => deleted || !one.deleted)) throw noSubject(subject)
      return state
    },
    pick(state, subject, version, deleted) {
      const there = state.versions.filter((one) => deleted || !one.deleted)
      const found = version === 'latest' ? there.at(-1) : there.find((one) => one.version === version)
      if (found === undefined) throw registryError(errorCodes.versionNotFound, `'${subject}' has no version ${version}`)
      return found
    },
    modeOf: async (_subject, state) => state.settings.compatibility ?? (await settingsOf('')).compatibility ?? fallback,
    async versions(subject, { deleted = false } = {}) {
      const { versions } = await subjects.existing(subject, deleted)
      return versions.filter((one) => deleted || !one.deleted).map(({ version }) => version)
    },
    subjects: ({ prefix = '', deleted = false } = {}) => storage.subjects({ prefix, deleted, limit: maxListed }),
    remove: (subject, version, permanent = false) => removeVersions(storage, subjects, subject, version, permanent),
    async compatibility(subject, own = false) {
      const mine = (await settingsOf(subject)).compatibility
      if (mine !== undefined || (own && subject !== '')) return mine
      return (await settingsOf('')).compatibility ?? fallback
    },
    async setCompatibility(subject, compatibility) {
      if (subject !== '') subjects.assertName(subject)
      const { compatibility: _, ...rest } = await settingsOf(subject)
      await storage.configure(subject, compatibility === undefined ? rest : { ...rest, compatibility })
    },
    async mode(subject, own = false): Promise<SubjectMode | undefined> {
      const mine = (await settingsOf(subject)).mode
      if (mine !== undefined || (own && subject !== '')) return mine
      return (await settingsOf('')).mode ?? 'READWRITE'
    },
    async setMode(subject, mode) {
      if (subject !== '') subjects.assertName(subject)
      const { mode: _, ...rest } = await settingsOf(subject)
      await storage.configure(subject, mode === undefined ? rest : { ...rest, mode })
    },
  }
  return subjects
}

const noSubject = (subject: string): Error =>
  registryError(errorCodes.subjectNotFound, `there is no subject '${subject}'`)

async function removeVersions(
  storage: SchemaStorage,
  subjects: Subjects,
  subject: string,
  version: number | 'latest' | 'all',
  permanent: boolean,
): Promise<readonly number[]> {
  await subjects.assertWritable(subject)
  const state = await storage.subject(subject)
  if (state.versions.length === 0) throw noSubject(subject)
  const chosen =
    version === 'all' ? chooseAll(state, subject, permanent) : [chooseOne(subjects, state, subject, version, permanent)]
  for (const one of chosen)
    if (await storage.isReferred(subject, one))
      throw registryError(errorCodes.referenceExists, `version ${one} of '${subject}' is referred to by other schemas`)
  if (permanent) await storage.remove(subject, chosen)
  else await storage.mark(subject, chosen, true)
  return chosen
}

function chooseAll(state: SubjectState, subject: string, permanent: boolean): readonly number[] {
  const live = state.versions.filter((one) => !one.deleted).map((one) => one.version)
  if (!permanent && live.length === 0)
    throw registryError(
      errorCodes.subjectSoftDeleted,
      `'${subject}' is deleted already; delete it permanently to be rid of it`,
    )
  if (permanent && live.length > 0)
    throw registryError(
      errorCodes.subjectNotSoftDeleted,
      `'${subject}' has to be deleted softly before it is deleted permanently`,
    )
  return permanent ? state.versions.map((one) => one.version) : live
}

function chooseOne(
  subjects: Subjects,
  state: SubjectState,
  subject: string,
  version: number | 'latest',
  permanent: boolean,
): number {
  const found = subjects.pick(state, subject, version, typeof version === 'number')
  if (permanent && !found.deleted)
    throw registryError(
      errorCodes.versionNotSoftDeleted,
      `version ${found.version} of '${subject}' has to be deleted softly first`,
    )
  if (!permanent && found.deleted)
    throw registryError(errorCodes.versionSoftDeleted, `version ${found.version} of '${subject}' is deleted already`)
  return found.version
}
