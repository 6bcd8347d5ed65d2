/** What a registry is asked, and what it answers. */
import type { CompatibilityMode } from 'banyan/contract/compatibility'
import type { SchemaInput, SchemaReference, SchemaType } from 'banyan/control'
import type { FormatDifference } from './format/format.ts'
import type { StoredSchema, SubjectVersion, VersionQuery } from './storage/storage.ts'

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
  /** Versions of the subjects that begin with a text, by subject and version; at most 1 000 at a time. */
  listed(options?: Partial<VersionQuery>): Promise<readonly RegisteredSchema[]>
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
