/** What the gate and the command line ask of a registry, wherever it is: in this process, or behind its HTTP port. */

import type { CompatibilityMode } from '../../contract/compatibility/index.ts'
import { errorCodeOf, errorCodes } from './registry-error.ts'

/** The kinds of schemas, as the REST dialect calls them. */
export const schemaTypes = ['JSON', 'AVRO', 'PROTOBUF'] as const

/** One of {@link schemaTypes}. */
export type SchemaType = (typeof schemaTypes)[number]

/** A schema of another subject that a schema needs. */
export interface SchemaReference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** What is to be registered, looked up or judged. */
export interface SchemaInput {
  /** Default 'AVRO', as in the dialect. */
  readonly schemaType?: SchemaType
  readonly schema: string
  readonly references?: readonly SchemaReference[]
}

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
  /** The last versions of the subjects that begin with a text, as many as the registry likes to list; saves asking for each. */
  latest?(prefix: string): Promise<readonly (PublishedVersion & { readonly subject: string })[]>
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

/** A subject that is not there has no versions. */
export async function absentAsEmpty<Item>(read: () => Promise<readonly Item[]>): Promise<readonly Item[]> {
  try {
    return await read()
  } catch (error) {
    if (errorCodeOf(error) === errorCodes.subjectNotFound) return []
    throw error
  }
}
