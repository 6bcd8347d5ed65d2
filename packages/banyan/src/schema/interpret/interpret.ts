/**
 * The back end without code generation: every shape becomes a closure, built when first needed. It serves pages and
 * processes that forbid `new Function`, and the generated code calls it for what needs several looks at a value.
 */
import { isolateAt } from '../isolate.ts'
import {
  ARRAY,
  BOOLEAN,
  describesArray,
  describesObject,
  isAnything,
  NULL,
  NUMBER,
  OBJECT,
  type Shape,
  STRING,
  typeOf,
} from '../shape.ts'
import { INVALID, MAX_DEPTH, NOTHING } from '../value.ts'
import { arrayCopier } from './array.ts'
import type { Copier, Interpreter } from './interpreter.ts'
import { judge } from './judge.ts'
import { objectAsserter, objectCopier } from './object.ts'
import { brokenNumberRule, brokenStringRule } from './scalar.ts'
import { unionCopier } from './union.ts'
import { isSame } from './weigh.ts'

export function createInterpreter(extras: 'strip' | 'reject'): Interpreter {
  const whole = new Map<Shape, Copier>()
  const parts = new Map<Shape, Copier>()
  const interpreter: Interpreter = {
    extras,
    copier: (shape) => memoized(whole, shape, () => build(interpreter, shape, false)),
    partial: (shape) => memoized(parts, shape, () => build(interpreter, shape, true)),
    get lenient() {
      return lenient
    },
  }
  const lenient: Interpreter = extras === 'strip' ? interpreter : createInterpreter('strip')
  return interpreter
}

/** Builds at first use, so that recursive shapes end. */
function memoized(known: Map<Shape, Copier>, shape: Shape, make: () => Copier): Copier {
  const found = known.get(shape)
  if (found !== undefined) return found
  let built: Copier | undefined
  const copier: Copier = (value, depth) => {
    built ??= make()
    return built(value, depth)
  }
  known.set(shape, copier)
  return copier
}

function build(interpreter: Interpreter, shape: Shape, partial: boolean): Copier {
  if (shape.target !== undefined) return referred(interpreter, shape, partial)
  if (shape.types === 0) return () => INVALID
  if (shape.values !== undefined && shape.also.length === 0) return listed(shape.values)
  if (shape.also.length > 0) return unionCopier(interpreter, shape) ?? judge(interpreter, shape, partial)
  if (isAnything(shape)) return partial ? () => NOTHING : isolateAt
  return byType(interpreter, shape, partial)
}

function referred(interpreter: Interpreter, shape: Shape, partial: boolean): Copier {
  const target = shape.target as NonNullable<Shape['target']>
  const inner = partial ? interpreter.partial(target.shape) : interpreter.copier(target.shape)
  if (!target.recursive) return inner
  return (value, depth) => (depth >= MAX_DEPTH ? INVALID : inner(value, depth + 1))
}

function listed(values: readonly unknown[]): Copier {
  const primitives = new Set(values.filter((value) => typeof value !== 'object' || value === null))
  const documents = values.filter((value) => typeof value === 'object' && value !== null)
  return (value, depth) => {
    if (typeof value !== 'object' || value === null)
      return primitives.has(value) ? (typeof value === 'number' ? value + 0 : value) : INVALID
    if (documents.length === 0) return INVALID
    const copy = isolateAt(value, depth)
    return copy !== INVALID && documents.some((document) => isSame(document, copy)) ? copy : INVALID
  }
}

function byType(interpreter: Interpreter, shape: Shape, partial: boolean): Copier {
  const { types, integer, number, string } = shape
  const untold: Copier = partial ? () => NOTHING : isolateAt
  const list =
    shape.array === undefined ? untold : arrayCopier(interpreter, shape.array, partial && !describesArray(shape))
  const record = recordCopier(interpreter, shape, partial)
  return (value, depth) => {
    const type = typeOf(value)
    if ((type & types) === 0) return INVALID
    switch (type) {
      case NULL:
      case BOOLEAN:
        return value
      case NUMBER:
        return brokenNumberRule(value as number, integer, number) === undefined ? (value as number) + 0 : INVALID
      case STRING:
        return brokenStringRule(value as string, string) === undefined ? value : INVALID
      case ARRAY:
        return list(value, depth)
      case OBJECT:
        return record(value, depth)
      default:
        return INVALID
    }
  }
}

function recordCopier(interpreter: Interpreter, shape: Shape, partial: boolean): Copier {
  if (describesObject(shape)) return objectCopier(interpreter, shape)
  if (shape.object === undefined) return partial ? () => NOTHING : isolateAt
  return partial ? objectAsserter(interpreter, shape.object) : objectCopier(interpreter, shape)
}
