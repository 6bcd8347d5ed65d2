/**
 * What stands at a border: one compiled pass that validates and copies, so that what a handler receives it may change
 * without the caller seeing it, in process as across the network.
 *
 * A value is validated by its schema's own library (when it has one) once, on the service's side; the other side only
 * checks and copies by JSON Schema.
 */

import type { FieldIssue } from '../core/error.ts'
import { type Compiled, type CompileOptions, compileSchema, INVALID } from '../schema/index.ts'
import {
  type AnySchema,
  type SchemaSide,
  type StandardResult,
  type StandardSchema,
  toJsonSchema,
  validateStandard,
  validator,
} from './schema.ts'

/** Checks and copies values of one schema. */
export interface Border {
  /** The copy, or INVALID. Needs no `this`. */
  readonly copy: (value: unknown) => unknown
  /** What is wrong with a value that `copy` found INVALID. */
  explain(value: unknown): readonly FieldIssue[]
}

const compiled = new Map<CompileOptions['extras'], WeakMap<object, Compiled>>([
  ['strip', new WeakMap()],
  ['reject', new WeakMap()],
])

/** Compiles once per process; hosts of one process (and tests) share the code. */
export function compileShared(json: ReturnType<typeof toJsonSchema>, extras: CompileOptions['extras']): Compiled {
  if (typeof json === 'boolean') return compileSchema(json, { extras })
  const cache = compiled.get(extras) as WeakMap<object, Compiled>
  let found = cache.get(json)
  if (found === undefined) {
    found = compileSchema(json, { extras })
    cache.set(json, found)
  }
  return found
}

/** The border of a value that only travels: its JSON is checked and copied. Unknown properties are stripped. */
export function createWireBorder(schema: AnySchema, side: SchemaSide): Border {
  return compileShared(toJsonSchema(schema, side), 'strip')
}

/** The border at the service itself: the schema's own library first, when it has one. Unknown properties are stripped. */
export function createServiceBorder(schema: AnySchema): Border {
  const { standard, json } = validator(schema, 'output')
  const shape = compileShared(json, 'strip')
  return standard === undefined ? shape : withStandard(standard, shape)
}

/** Foreign code, so whatever it does it must not end the process: a schema that throws has found nothing valid. */
function judge(standard: StandardSchema, value: unknown): StandardResult {
  try {
    return validateStandard(standard, value)
  } catch (error) {
    // Our own TypeError says that the schema answered with a promise; everything else may hold anything.
    const message =
      error instanceof TypeError && error.message.includes('synchronously') ? error.message : 'its schema failed'
    return { issues: [{ message }] }
  }
}

function withStandard(standard: StandardSchema, shape: Compiled): Border {
  return {
    copy(value) {
      const result = judge(standard, value)
      return result.issues === undefined ? shape.copy(result.value) : INVALID
    },
    explain(value) {
      const result = judge(standard, value)
      if (result.issues === undefined) return shape.explain(result.value)
      return result.issues.map(({ message, path = [] }) => ({
        path: path.map((step) => `/${String(typeof step === 'object' ? step.key : step)}`).join(''),
        rule: standard['~standard'].vendor,
        message,
      }))
    },
  }
}
