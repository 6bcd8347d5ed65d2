/** What the registry asks of a kind of schema. Three implement it: JSON Schema, Avro, Protocol Buffers. */

import type { SchemaType } from 'banyan/control'

/** A schema as text, with the schemas it refers to, those that others need first. */
export interface SchemaSource {
  readonly schema: string
  readonly references: readonly { readonly name: string; readonly schema: string }[]
}

/** Something that a reader may not read of what a writer writes. */
export interface FormatDifference {
  /** JSON Pointer into the documents. */
  readonly path: string
  readonly rule: string
  readonly writer: unknown
  readonly reader: unknown
  /** True when `witness` was written by the one schema and could not be read, or not as the same, by the other. */
  readonly confirmed: boolean
  /** The document as JSON. */
  readonly witness?: unknown
  /** The witness as it is on the wire, hexadecimal, for binary kinds. */
  readonly bytes?: string
  /** What the reader said. */
  readonly refusal?: string
}

/** One kind of schema. */
export interface SchemaFormat {
  readonly type: SchemaType
  /** A text that is equal for schemas that are to have one id. Throws an error with a message for people when it cannot be used. */
  canonical(source: SchemaSource): string
  /** What `reader` may not read of what `writer` writes; [] when everything is read. */
  compare(writer: SchemaSource, reader: SchemaSource): readonly FormatDifference[]
  /** What `later` does that `earlier` forbids for good, whatever is written. */
  forbidden?(earlier: SchemaSource, later: SchemaSource): readonly FormatDifference[]
}
