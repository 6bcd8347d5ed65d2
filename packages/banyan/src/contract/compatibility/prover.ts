/**
 * What the rules of the comparison ask of the comparison itself. One file per kind of value proves its own part; the loop
 * that connects them is inclusion.ts.
 */
import type { Shape } from '../../schema/shape.ts'
import type { Place } from './place.ts'
import type { Sampler } from './sample.ts'

/** A place where inclusion could not be proven, before anybody has looked for a witness. */
export interface Difference {
  readonly place: Place
  readonly rule: string
  readonly writer: unknown
  readonly reader: unknown
  /** Values for the place that the writer may send and the reader might refuse. Lazy: most are never asked for. */
  readonly candidates: () => Iterable<unknown>
}

/** The comparison under way. */
export interface Prover {
  readonly sampler: Sampler
  /** Whether the reader refuses properties that it does not know. */
  readonly refusesUnknown: boolean
  /** True when everything the writer sends by `writer` is accepted by `reader`; tells the differences otherwise. */
  includes(writer: Shape, reader: Shape, place: Place): boolean
  /** The same without telling: to try a branch. */
  proves(writer: Shape, reader: Shape): boolean
  /** Tells a difference; always false. */
  differs(difference: Difference): false
}
