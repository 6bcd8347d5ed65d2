/** What the slow pass shares while it walks: each kind of shape asks it to explain the parts, and reports to it. */
import type { Interpreter } from '../interpret/interpreter.ts'
import type { Issue } from '../issue.ts'
import type { Shape } from '../shape.ts'

/** Where an explanation stands. */
export interface Look {
  readonly value: unknown
  readonly path: string
  /** Untyped or recursive levels above, as the compiled pass counts them. */
  readonly depth: number
  /** 'reject' reports unknown keys; 'partial' leaves what a shape does not describe to the others beside it. */
  readonly extras: 'strip' | 'reject' | 'partial'
}

export interface Explainer {
  readonly interpreter: Interpreter
  readonly isFull: () => boolean
  report(look: Look, rule: string, expected: string, path?: string): void
  add(issue: Issue): void
  explain(shape: Shape, look: Look): void
  explainAnything(look: Look): void
  /** The issues of a shape by themselves. */
  apart(shape: Shape, look: Look): readonly Issue[]
  /** Goes one level into the value; a part of it must not be the whole again in an untyped place. */
  within(look: Look, walk: () => void): void
}
