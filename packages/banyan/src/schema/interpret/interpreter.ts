/** What an interpreter is, apart from how it is made: each kind of shape asks it for the copiers of its parts. */
import type { Shape } from '../shape.ts'

/** Copies a valid value found `depth` untyped or recursive levels deep; INVALID otherwise. May throw what getters throw. */
export type Copier = (value: unknown, depth: number) => unknown

export interface Interpreter {
  readonly extras: 'strip' | 'reject'
  /** For a value described by this shape alone. */
  copier(shape: Shape): Copier
  /** For one of several shapes of a value: answers NOTHING where the shape does not describe the content. */
  partial(shape: Shape): Copier
  /** The interpreter in which parts are weighed: unknown keys are stripped there and counted afterwards. */
  readonly lenient: Interpreter
}
