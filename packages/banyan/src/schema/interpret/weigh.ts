/** What several answers about the same value come to: one merged copy, and whether it lost something. */
import { MAX_DEPTH, NOTHING, readOwn, setOwn } from '../value.ts'

type Plain = Record<string, unknown>

/** Everything that one of the two copies keeps. Both were made from the same snapshot; neither is changed. */
export function united(a: unknown, b: unknown): unknown {
  if (a === NOTHING) return b
  if (b === NOTHING || typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a
  if (Array.isArray(a)) {
    const other = b as unknown[]
    return a.map((element, index) => united(element, other[index]))
  }
  const both: Plain = {}
  for (const key of Object.keys(a)) {
    const own = (a as Plain)[key]
    setOwn(both, key, Object.hasOwn(b, key) ? united(own, (b as Plain)[key]) : own)
  }
  for (const key of Object.keys(b)) if (!Object.hasOwn(both, key)) setOwn(both, key, (b as Plain)[key])
  return both
}

/** A second, independent copy of a copy. */
export function again(copy: unknown): unknown {
  if (typeof copy !== 'object' || copy === null) return copy
  if (Array.isArray(copy)) return copy.map(again)
  const twin: Plain = {}
  for (const key of Object.keys(copy)) setOwn(twin, key, again((copy as Plain)[key]))
  return twin
}

/** The path of every key below `value` that `copy` does not have. */
export function* losses(value: unknown, copy: unknown): Generator<readonly string[]> {
  if (copy === NOTHING || typeof value !== 'object' || value === null || typeof copy !== 'object' || copy === null)
    return
  for (const key of Object.keys(value)) {
    const property = (value as Plain)[key]
    if (property === undefined) continue
    if (!Object.hasOwn(copy, key)) yield [key]
    else for (const path of losses(property, (copy as Plain)[key])) yield [key, ...path]
  }
}

export function isLossless(value: unknown, copy: unknown): boolean {
  return losses(value, copy).next().done === true
}

/** Deep equality of JSON values; own enumerable keys, `undefined` as absent. */
export function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const present = (value: object): string[] => Object.keys(value).filter((key) => (value as Plain)[key] !== undefined)
  const keys = present(a)
  if (keys.length !== present(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && isSame((a as Plain)[key], readOwn(b as Plain, key)))
}

/**
 * A text that is equal for equal JSON values, so that uniqueness costs a set and not a comparison of all pairs. What lies
 * deeper than the value model allows is not told apart.
 */
export function canonical(value: unknown, depth = 0): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (depth > MAX_DEPTH) return '…'
  if (Array.isArray(value)) return `[${value.map((element) => canonical(element, depth + 1)).join(',')}]`
  const record = value as Plain
  const present = Object.keys(record).filter((key) => record[key] !== undefined)
  const parts = present.sort().map((key) => `${JSON.stringify(key)}:${canonical(record[key], depth + 1)}`)
  return `{${parts.join(',')}}`
}
