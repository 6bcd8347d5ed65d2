/**
 * The text being generated and what it refers to. Nothing from a schema enters the text but through `quote` and
 * `numeral`, so no schema can smuggle in code; regular expressions, sets and closures are passed in as constants.
 */

import type { Interpreter } from '../interpret/interpreter.ts'
import { isLonger, isMultiple, isShorter } from '../interpret/scalar.ts'
import { again } from '../interpret/weigh.ts'
import { isolateAt } from '../isolate.ts'
import type { Shape, Target } from '../shape.ts'
import { INVALID, setOwn } from '../value.ts'

/** Statements that leave the function with `return I` on an invalid value, and the expression of the copy after them. */
export interface Code {
  readonly lines: string
  readonly result: string
}

/** What generated code calls by name. One letter for what is everywhere. */
export const runtime: Readonly<Record<string, unknown>> = {
  I: INVALID,
  objectPrototype: Object.prototype,
  prototypeOf: Object.getPrototypeOf,
  Array,
  isArray: Array.isArray,
  isInteger: Number.isInteger,
  isFinite: Number.isFinite,
  hasOwn: Object.hasOwn,
  isolateAt,
  setOwn,
  again,
  isLonger,
  isShorter,
  isMultiple,
}

/** Code for the value in the local `value`, at the depth in the local `d`. */
export type EmitShape = (source: Source, shape: Shape, value: string) => Code

export class Source {
  readonly interpreter: Interpreter
  readonly constants: unknown[] = []
  /** Functions of definitions, by their name in the text; filled while they are emitted. */
  readonly functions: string[] = []
  readonly #named = new Map<Target, Map<string, string>>()
  readonly #emitShape: EmitShape
  #count = 0

  constructor(interpreter: Interpreter, emitShape: EmitShape) {
    this.interpreter = interpreter
    this.#emitShape = emitShape
  }

  /** Code for a part of the value: handed in, because the emitter of any shape stands on those that call this. */
  emit(shape: Shape, value: string): Code {
    return this.#emitShape(this, shape, value)
  }

  /** A fresh local name. */
  local(prefix: string): string {
    return `${prefix}${this.#count++}`
  }

  constant(value: unknown): string {
    this.constants.push(value)
    return `c${this.constants.length - 1}`
  }

  /** The function of a definition (for a tag: the one that is handed the tag's value), emitted at first use. */
  functionFor(target: Target, tag: string | undefined, emit: () => string): string {
    const key = tag === undefined ? '' : `:${tag}`
    const named = this.#named.get(target) ?? new Map<string, string>()
    this.#named.set(target, named)
    const known = named.get(key)
    if (known !== undefined) return known
    const name = this.local('f')
    named.set(key, name)
    this.functions.push(`function ${name}${emit()}`)
    return name
  }
}

/** A JavaScript string literal: JSON is one, with the two line separators escaped for older parsers. */
export function quote(text: string): string {
  return JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}

export function numeral(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`not a number for generated code: ${value}`)
  return value < 0 || Object.is(value, -0) ? `(${value})` : String(value)
}

/** A literal for a primitive JSON value. */
export function literal(value: unknown): string {
  if (typeof value === 'number') return numeral(value)
  if (typeof value === 'string') return quote(value)
  return value === null ? 'null' : value === true ? 'true' : 'false'
}

export function isPrimitive(value: unknown): boolean {
  return typeof value !== 'object' || value === null
}
