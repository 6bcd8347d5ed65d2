/**
 * Where two schemas are being compared, and how a value that stands there becomes a whole document: a witness that shows only
 * a fragment could not be put through the validators of the two schemas.
 */
import { segment } from '../../schema/pointer.ts'

/** A place in the documents. */
export interface Place {
  /** JSON Pointer; elements of a list by an index, entries of a map by an example of a key. */
  readonly path: string
  /** A whole document with `value` at this place; undefined when none could be made around it. */
  embed(value: unknown): unknown
}

/** The document itself. */
export const documentRoot: Place = { path: '', embed: (value) => value }

/** The place below; `surround` makes the parent's value around the child's. */
export function placeBelow(parent: Place, key: string | number, surround: (value: unknown) => unknown): Place {
  return {
    path: `${parent.path}/${segment(key)}`,
    embed(value) {
      const outer = surround(value)
      return outer === undefined ? undefined : parent.embed(outer)
    },
  }
}
