/** Shapes to source: the fast back end. What needs several looks at a value is left to the interpreter's closures. */
import type { Interpreter } from '../interpret/interpreter.ts'
import { choices } from '../interpret/union.ts'
import { ARRAY, BOOLEAN, isAnything, NULL, NUMBER, OBJECT, type Shape, STRING, type Target } from '../shape.ts'
import { INVALID } from '../value.ts'
import { emitArray } from './array.ts'
import { emitCall, emitClosure, signature } from './call.ts'
import { emitObject } from './object.ts'
import { emitBoolean, emitNull, emitNumber, emitString, emitValues } from './scalar.ts'
import { type Code, runtime, Source } from './source.ts'
import { dispatch, emitUnion, soleType } from './union.ts'

/** Above this the engine would not optimise the text anyway, and closures cost less memory. */
const MAX_SOURCE_LENGTH = 512 * 1024

/** Only the caller's getters and proxies can throw in a pass, and what cannot be read cannot be sent. */
export function guarded(pass: (value: unknown) => unknown): (value: unknown) => unknown {
  return (value) => {
    try {
      return pass(value)
    } catch {
      return INVALID
    }
  }
}

/**
 * The generated pass: `(value) => copy | INVALID`. It catches for itself: one wrapper for all would be one call site for all, which
 * the engine could not inline.
 */
export function emitCopier(shape: Shape, interpreter: Interpreter): (value: unknown) => unknown {
  const source = new Source(interpreter, emitShape)
  const inner = shape.target !== undefined && !shape.target.recursive ? shape.target.shape : shape
  const { lines, result } = source.emit(inner, 'v')
  const names = source.constants.map((_, index) => `c${index}=constants[${index}]`)
  const text = `"use strict";const {${Object.keys(runtime).join(',')}}=runtime;${names.length > 0 ? `const ${names.join(',')};` : ''}
${source.functions.join('\n')}
return function copy(v){try{const d=0;${lines}return ${result};}catch{return I;}}`
  if (text.length > MAX_SOURCE_LENGTH) {
    const copier = interpreter.copier(shape)
    return guarded((value) => copier(value, 0))
  }
  return new Function('runtime', 'constants', text)(runtime, source.constants) as (value: unknown) => unknown
}

/** Code for the value in the local `value`, at the depth in the local `d`. */
function emitShape(source: Source, shape: Shape, value: string): Code {
  if (shape.target !== undefined) return emitCall(source, functionOf(source, shape.target), value)
  if (shape.types === 0) return { lines: 'return I;', result: 'I' }
  if (shape.values !== undefined && shape.also.length === 0) return emitValues(source, shape, value)
  if (shape.also.length > 0) {
    const found = choices(shape)
    return found === undefined ? emitClosure(source, shape, value) : emitUnion(source, found, value)
  }
  if (isAnything(shape)) return emitCall(source, 'isolateAt', value)
  const sole = soleType(shape.types)
  if (sole !== undefined) return emitPart(source, shape, sole, value)
  return dispatch(source, value, (type) =>
    (shape.types & type) === 0 ? undefined : emitPart(source, shape, type, value),
  )
}

/** One type's code, including the check that the value has it. */
function emitPart(source: Source, shape: Shape, type: number, value: string): Code {
  switch (type) {
    case NULL:
      return emitNull(value)
    case BOOLEAN:
      return emitBoolean(value)
    case NUMBER:
      return emitNumber(shape, value)
    case STRING:
      return emitString(source, shape, value)
    case ARRAY:
      return emitArray(source, shape, value)
    case OBJECT:
      return emitObject(source, shape, value)
    default:
      throw new RangeError(`unknown type ${type}`)
  }
}

function functionOf(source: Source, target: Target): string {
  return source.functionFor(target, undefined, () => {
    const { lines, result } = source.emit(target.shape, 'v')
    return `${signature(target, '')}${lines}return ${result};}`
  })
}
