/** What reading a part of a schema needs of the whole: each kind of keyword asks it for the schemas inside. */
import type { Default, Shape } from '../shape.ts'

/** Where the reader stands: `at` for messages, `depth` for the bound. */
export interface Place {
  readonly at: string
  readonly depth: number
}

export interface Reader {
  /** A schema for the same value (allOf, anyOf, if …). */
  inPlace(schema: unknown, place: Place, keyword: string): Shape
  /** A schema for a part of the value (a property, an item). */
  below(schema: unknown, place: Place, keyword: string): Shape
  /** The `default` that applies to a property with this schema. */
  defaultOf(schema: unknown, shape: Shape, at: string): Default | undefined
}
