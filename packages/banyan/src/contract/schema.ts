/**
 * What a schema is to a contract: either one of ours (made by `t`, carries its type as a plain field, so that reading it
 * back costs the compiler one property access) or a Standard Schema that can also print itself as JSON Schema (Zod 4 …).
 * Strings and plain objects are neither, by type and at run time.
 *
 * A Standard Schema may transform: what is sent (its input side) then differs from what is received (its output side).
 * The wire carries the input side of an operation's input and the output side of everything that a service gives away
 * (outputs, events, error details), so each value is validated by its own library exactly once: on the service's side.
 */

import type { JsonSchema } from '../schema/json-schema.ts'

export type { JsonSchema }

/** A schema made by `t`. At run time it is the JSON Schema itself. */
export interface Schema<T = unknown> {
  readonly '~kind': string
  /** The TypeScript type it describes; exists only for the compiler. */
  readonly '~static': T
}

/** A {@link Schema} whose field may be missing from its object. */
export interface OptionalSchema<T = unknown> extends Schema<T> {
  readonly '~optional': true
}

/** One complaint of a Standard Schema. */
export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a Standard Schema's `validate` answers; `issues` is absent when it fits. */
export interface StandardResult<Output = unknown> {
  readonly value?: Output
  readonly issues?: readonly StandardIssue[] | undefined
}

/**
 * Standard Schema v1 with Standard JSON Schema v1, structurally.
 * Source: https://standardschema.dev and https://standardschema.dev/json-schema
 */
export interface StandardSchema<Input = unknown, Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => unknown
    readonly jsonSchema: {
      readonly input: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>
      readonly output: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>
    }
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** Whatever may describe a value in a contract. */
export type AnySchema = Schema | StandardSchema

/** The type of what the sender gives (before defaults and transformations). */
export type Sent<S> = S extends Schema
  ? S['~static']
  : S extends StandardSchema
    ? NonNullable<S['~standard']['types']>['input']
    : never

/** The type of what the receiver gets (after defaults and transformations). */
export type Received<S> = S extends { readonly '~static': unknown }
  ? S['~static']
  : S extends StandardSchema
    ? NonNullable<S['~standard']['types']>['output']
    : never

/** Which side of a schema: before (`input`) or after (`output`) its own validation. They differ for transforming schemas only. */
export type SchemaSide = 'input' | 'output'

/** How to validate a value, see {@link validator}. */
export interface Validator {
  /** Present when the schema's own library must run first; undefined for schemas of `t`, whose JSON Schema says all. */
  readonly standard: StandardSchema | undefined
  /** The shape to check and copy by. */
  readonly json: JsonSchema
}

/** True for a schema made by `t` (or by TypeBox itself). */
export function isSchema(value: unknown): value is Schema {
  if (typeof value !== 'object' || value === null) return false
  return Object.hasOwn(value, '~kind') || Object.hasOwn(value, '~unsafe')
}

/** True for a Standard Schema that can print itself as JSON Schema. Some libraries' schemas are functions (ArkType). */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard = (value as { readonly '~standard'?: Partial<StandardSchema['~standard']> })['~standard']
  return typeof standard?.validate === 'function' && typeof standard.jsonSchema?.input === 'function'
}

const printed = new WeakMap<object, { input?: JsonSchema; output?: JsonSchema }>()

/**
 * The JSON Schema 2020-12 document of one side of a schema. Throws what the schema's library throws when it cannot say
 * (Zod: `Date cannot be represented in JSON Schema`); `defineContract` has asked before, so later calls do not.
 *
 * @example
 * toJsonSchema(t.Object({ sku: t.String() }), 'input') // { type: 'object', required: ['sku'], properties: … }
 */
export function toJsonSchema(schema: AnySchema, side: SchemaSide): JsonSchema {
  if (!isStandardSchema(schema)) return schema as unknown as JsonSchema
  const known = printed.get(schema) ?? {}
  const json = known[side] ?? withoutDialect(schema['~standard'].jsonSchema[side]({ target: 'draft-2020-12' }))
  printed.set(schema, { ...known, [side]: json })
  return json
}

function withoutDialect(document: Record<string, unknown>): JsonSchema {
  const { $schema: _dialect, ...rest } = document
  return rest
}

/**
 * How the runtime validates: first {@link validateStandard} when `standard` is there (it may fill defaults and transform),
 * then check and copy by `json` of the side that the value is then on.
 */
export function validator(schema: AnySchema, side: SchemaSide): Validator {
  return { standard: isStandardSchema(schema) ? schema : undefined, json: toJsonSchema(schema, side) }
}

/**
 * Runs a Standard Schema's own validation. Contracts are synchronous: a schema that answers with a promise throws a
 * TypeError that says so.
 */
export function validateStandard(schema: StandardSchema, value: unknown): StandardResult {
  const result = schema['~standard'].validate(value)
  if (typeof (result as { then?: unknown } | undefined)?.then === 'function') {
    ;(result as Promise<unknown>).catch(() => {}) // its outcome is of no use, and must not end the process
    throw new TypeError(
      `a schema of a contract must validate synchronously, but this one (${schema['~standard'].vendor}) answered with a promise: move the asynchronous check into the handler`,
    )
  }
  return result as StandardResult
}
