/**
 * The schema-less copy: for values whose schema says nothing about them (`unknown`, error details). It is the same value
 * model as the compiled pass, so that an untyped corner of a contract is no hole in it.
 */
import { INVALID, isList, isPlain, MAX_DEPTH, setOwn } from './value.ts'

/**
 * Copies a JSON value so that it shares no reference with the original. Returns `INVALID` for what is not JSON: a Date,
 * bigint, NaN, function, class instance, cycle, `undefined` in an array, a string with a lone surrogate, a getter that
 * throws, or more than 64 nested levels. `undefined` properties are dropped and -0 becomes 0. Never throws.
 *
 * @example isolate({ sku: 'A-1', note: undefined }) // { sku: 'A-1' }
 */
export function isolate(value: unknown): unknown {
  try {
    return isolateAt(value, 0)
  } catch {
    // Only the caller's own getters and proxies can throw here; what cannot be read cannot be sent.
    return INVALID
  }
}

/** The copy of `value` found at `depth` nested untyped levels. Throws what a getter throws. */
export function isolateAt(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? value : INVALID
    case 'number':
      return Number.isFinite(value) ? value + 0 : INVALID
    case 'boolean':
      return value
    case 'object':
      if (value === null) return null
      if (depth >= MAX_DEPTH) return INVALID
      return Array.isArray(value) ? isolateList(value, depth + 1) : isolateRecord(value, depth + 1)
    default:
      return INVALID
  }
}

function isolateList(value: readonly unknown[], depth: number): unknown {
  if (!isList(value)) return INVALID
  const copy: unknown[] = []
  const length = value.length
  for (let index = 0; index < length; index++) {
    const element = isolateAt(value[index], depth)
    if (element === INVALID) return INVALID
    copy.push(element)
  }
  return copy
}

function isolateRecord(value: object, depth: number): unknown {
  if (!isPlain(value)) return INVALID
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const property = value[key]
    if (property === undefined) continue
    const isolated = isolateAt(property, depth)
    if (isolated === INVALID || !key.isWellFormed()) return INVALID
    setOwn(copy, key, isolated)
  }
  return copy
}
