/** Code that leaves a value to a function: one of a definition, of the runtime, or a closure of the interpreter. */
import type { Shape, Target } from '../shape.ts'
import { MAX_DEPTH } from '../value.ts'
import type { Code, Source } from './source.ts'

/** A call that copies or answers I. */
export function emitCall(source: Source, name: string, value: string): Code {
  const result = source.local('r')
  return { lines: `const ${result}=${name}(${value},d);if(${result}===I)return I;`, result }
}

export function emitClosure(source: Source, shape: Shape, value: string): Code {
  return emitCall(source, source.constant(source.interpreter.copier(shape)), value)
}

/** Every turn of a recursive definition counts as a level; the others pass their depth on. */
export function signature(target: Target, more: string): string {
  if (!target.recursive) return `(v,d${more}){`
  return `(v,above${more}){if(above>=${MAX_DEPTH})return I;const d=above+1;`
}
