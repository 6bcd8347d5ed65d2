/** The options of `t`'s makers: keywords of JSON Schema 2020-12, typed, and the type of an object from its fields. */
import type { OptionalSchema, Schema } from './schema.ts'

/** What every schema may say about itself. Annotations only: none of these accepts or refuses a value. */
export interface SchemaOptions<T = unknown> {
  readonly title?: string
  /** For the reader of the documentation. */
  readonly description?: string
  readonly default?: T
  readonly examples?: readonly T[]
  readonly deprecated?: boolean
  readonly readOnly?: boolean
  readonly writeOnly?: boolean
  /** Nobody is shown the value who has not asked for it: views, exports and notes have `***`. In JSON Schema: `x-secret`. */
  readonly secret?: boolean
}

/** Formats of JSON Schema 2020-12, section 7.3. */
export type StringFormat =
  | 'date-time'
  | 'date'
  | 'time'
  | 'duration'
  | 'email'
  | 'hostname'
  | 'ipv4'
  | 'ipv6'
  | 'uri'
  | 'uri-reference'
  | 'uuid'

/** Rules for text. Lengths count Unicode code points. */
export interface StringOptions extends SchemaOptions<string> {
  readonly minLength?: number
  readonly maxLength?: number
  /** An ECMA-262 regular expression (`u` flag), not anchored: write ^ and $. */
  readonly pattern?: string
  readonly format?: StringFormat
}

/** Rules for numbers. */
export interface NumberOptions extends SchemaOptions<number> {
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly multipleOf?: number
}

/** Rules for lists. */
export interface ArrayOptions extends SchemaOptions {
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
}

/** The fields of an object schema. */
export type Fields = Readonly<Record<string, Schema>>

type OptionalKeys<F> = { [K in keyof F]: F[K] extends OptionalSchema ? K : never }[keyof F]
type Flatten<T> = { [K in keyof T]: T[K] } & {}

/** The type of an object with these fields. The optional keys are computed once; measured, it is the cheapest form. */
export type ObjectOf<F extends Fields> = keyof F extends never
  ? object
  : OptionalKeys<F> extends infer O
    ? [O] extends [never]
      ? { [K in keyof F]: F[K]['~static'] }
      : Flatten<{ [K in Exclude<keyof F, O>]: F[K]['~static'] } & { [K in O & keyof F]?: F[K]['~static'] }>
    : never
