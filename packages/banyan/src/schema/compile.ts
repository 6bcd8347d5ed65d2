/**
 * From a schema to the pass that every call runs: validate and copy at once. Validating first and copying later would
 * read each property twice, and a getter could show the validator one value and the handler another; it would also
 * walk twice. Where the platform allows it the pass is generated source (one function per schema and definition,
 * one object literal per object, each property read once into a local); elsewhere closures with the same meaning.
 */
import { emitCopier, guarded } from './emit/emit.ts'
import { explainValue } from './explain/explain.ts'
import { createInterpreter } from './interpret/interpret.ts'
import type { Interpreter } from './interpret/interpreter.ts'
import { isSame } from './interpret/weigh.ts'
import type { Issue } from './issue.ts'
import type { JsonSchema } from './json-schema.ts'
import { type Reading, readSchema } from './read/read.ts'
import { SchemaError } from './schema-error.ts'
import type { Default } from './shape.ts'
import { INVALID } from './value.ts'

export interface CompileOptions {
  /**
   * What happens to properties the schema does not name: 'strip' drops them (between services: additive change is safe),
   * 'reject' refuses the value (at the public edge: a misspelled field is an error). It replaces the schema's own
   * `additionalProperties: false`; `additionalProperties` as a schema or true, and `patternProperties`, are honoured.
   */
  readonly extras: 'strip' | 'reject'
}

/** A compiled schema. None of its methods throws, whatever the value. */
export interface Compiled {
  /** The validated copy, which shares no reference with `value`, or INVALID. Absent properties get their defaults. */
  copy(value: unknown): unknown | typeof INVALID
  /** Whether `copy` would succeed. */
  check(value: unknown): boolean
  /**
   * Every violation, at most `maxIssues` (default 32); [] for a valid value. Slow: for the answer after INVALID. It looks
   * at the value anew, so only a value that does not change between the two looks is sure to be explained.
   */
  explain(value: unknown, maxIssues?: number): Issue[]
  /** The JSON text of the validated copy, or INVALID. The text `JSON.stringify(copy(value))` would give. */
  stringify(value: unknown): string | typeof INVALID
  readonly schema: JsonSchema
}

/** Longest explanation unless asked for more: enough to fix a form, bounded against a huge bad array. */
const MAX_ISSUES = 32

/**
 * Compiles a JSON Schema 2020-12. Throws SchemaError when the schema cannot be used: an unknown keyword or format, a
 * `$ref` that leads nowhere, a default that breaks its own rules.
 *
 * @example
 * const quantity = compileSchema({ type: 'integer', minimum: 1 }, { extras: 'strip' })
 * quantity.copy(3) // 3
 * quantity.explain(0)[0].message // 'the value must be an integer ≥ 1, found 0'
 */
export function compileSchema(schema: JsonSchema, options: CompileOptions): Compiled {
  return compileWith(schema, options, canGenerate() ? 'generate' : 'interpret')
}

/** `compileSchema` with the back end chosen: for tests of both. */
export function compileWith(schema: JsonSchema, options: CompileOptions, backEnd: 'generate' | 'interpret'): Compiled {
  const reading = readSchema(schema)
  const interpreter = createInterpreter(options.extras)
  fillDefaults(reading)
  const copy = backEnd === 'generate' ? emitCopier(reading.shape, interpreter) : guarded(startAt(interpreter, reading))
  return {
    copy,
    check: (value) => copy(value) !== INVALID,
    explain: (value, maxIssues = MAX_ISSUES) => explainValue(interpreter, reading.shape, value, maxIssues),
    // Writing the text in the same walk was measured: no faster than the engine's own writer on the copy.
    stringify(value) {
      const valid = copy(value)
      return valid === INVALID ? INVALID : JSON.stringify(valid)
    },
    schema,
  }
}

function startAt(interpreter: Interpreter, { shape }: Reading): (value: unknown) => unknown {
  const copier = interpreter.copier(shape)
  return (value) => copier(value, 0)
}

/** Rounds of filling defaults into defaults: how deep they may lie in each other. */
const MAX_DEFAULT_ROUNDS = 16

/** A default is a value like any other: it must satisfy its schema, and gets the defaults inside it. */
function fillDefaults({ defaults }: Reading): void {
  const interpreter = createInterpreter('reject')
  let open: readonly Default[] = defaults
  for (let round = 0; open.length > 0; round++) {
    const [first] = open
    if (round === MAX_DEFAULT_ROUNDS && first !== undefined)
      throw new SchemaError(first.at, 'default', 'contains itself: every copy would be deeper than the last')
    open = defaults.filter((preset) => fillDefault(interpreter, preset))
  }
}

/** True when the value changed, so that a copy of it may have changed too. */
function fillDefault(interpreter: Interpreter, preset: Default): boolean {
  const before = preset.value
  const value = interpreter.copier(preset.shape)(before, 0)
  if (value === INVALID) {
    const [issue] = explainValue(interpreter, preset.shape, before, 1)
    throw new SchemaError(preset.at, 'default', issue?.message ?? 'does not satisfy its own schema')
  }
  preset.value = value
  return !isSame(before, value)
}

let generates: boolean | undefined

/** Whether source may be compiled here: a content security policy or a Node flag can forbid it. Asked once. */
function canGenerate(): boolean {
  if (generates === undefined) {
    try {
      generates = new Function('return true')() === true
    } catch {
      generates = false
    }
  }
  return generates
}
