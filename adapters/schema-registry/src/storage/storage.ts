/**
 * Where the registry keeps what it knows: a small port with a memory and a Postgres implementation under one contract suite.
 * A subject has a revision that every change raises; what was judged at one revision is written only at the same revision,
 * so that two that register at once cannot both be judged against a past in which the other was not there.
 */
import type { CompatibilityMode } from 'banyan/contract/compatibility'
import type { SchemaReference, SchemaType } from 'banyan/control'

/** A schema as it was registered. */
export interface NewSchema {
  readonly type: SchemaType
  readonly schema: string
  readonly references: readonly SchemaReference[]
  /** Equal for schemas that are one. */
  readonly fingerprint: string
}

/** With the id that it has in all subjects. */
export interface StoredSchema extends NewSchema {
  readonly id: number
}

/** A version of a subject. */
export interface SubjectVersion {
  readonly subject: string
  readonly version: number
  readonly id: number
  readonly deleted: boolean
}

/** Whether a subject may be written. */
export type SubjectMode = 'READWRITE' | 'READONLY'

/** What is set for a subject, or for all when the subject is ''. */
export interface SubjectSettings {
  readonly compatibility?: CompatibilityMode
  readonly mode?: SubjectMode
}

/** Everything about a subject at one moment. */
export interface SubjectState {
  readonly revision: number
  /** Soft-deleted ones too, ascending. */
  readonly versions: readonly SubjectVersion[]
  readonly settings: SubjectSettings
}

/** A version with its schema. */
export interface ListedVersion extends StoredSchema {
  readonly subject: string
  readonly version: number
}

/** Which versions are wanted. */
export interface VersionQuery {
  readonly prefix: string
  /** Only the last version of each subject. */
  readonly latest: boolean
  /** Soft-deleted ones too. */
  readonly deleted: boolean
  readonly offset: number
  readonly limit: number
}

/** The port. */
export interface SchemaStorage {
  /** Names of subjects with a version, sorted. */
  subjects(options: {
    readonly prefix: string
    readonly deleted: boolean
    readonly limit: number
  }): Promise<readonly string[]>
  /** Revision 0 and no versions for one that is not there. */
  subject(name: string): Promise<SubjectState>
  /** Versions of many subjects with their schemas, by subject and version. */
  listed(query: VersionQuery): Promise<readonly ListedVersion[]>
  schema(id: number): Promise<StoredSchema | undefined>
  byFingerprint(fingerprint: string): Promise<StoredSchema | undefined>
  /** Where an id is used, soft-deleted versions too. */
  uses(id: number): Promise<readonly SubjectVersion[]>
  /** Whether a schema refers to this version. */
  isReferred(subject: string, version: number): Promise<boolean>
  /** Adds the next version; undefined when the subject is no longer at this revision. */
  append(subject: string, revision: number, schema: NewSchema): Promise<SubjectVersion | undefined>
  /** Marks versions deleted (soft), or not. */
  mark(subject: string, versions: readonly number[], deleted: boolean): Promise<void>
  /** Takes versions away for good. Ids stay. */
  remove(subject: string, versions: readonly number[]): Promise<void>
  /** Replaces the settings of a subject, '' for all. */
  configure(subject: string, settings: SubjectSettings): Promise<void>
  /** Rejects with UNAVAILABLE when it does not answer. */
  ping(): Promise<void>
  close(): Promise<void>
}
