/**
 * Upcasters: how the data of an event's older majors becomes the data of its newest. Facts are never rewritten, so whoever
 * reads an old one brings it up to date while reading: each function takes one major to the next, and they are chained.
 */

/**
 * From a major to the one after it. Pure: the same old data gives the same new data, always and without asking anybody.
 * What comes out of the last one is validated against the event's schema.
 */
// biome-ignore lint/suspicious/noExplicitAny: the schema of an older major is no longer known to the program
export type Upcaster = (data: any) => unknown

/** By the major they start from; without a hole up to the one before the event's own: `{ 1: v1 => v2, 2: v2 => v3 }`. */
export interface Upcasters {
  readonly [major: number]: Upcaster
}

/** The majors that upcasters start from, in order. */
export function upcastMajors(upcast: Upcasters | undefined): readonly number[] {
  return Object.keys(upcast ?? {})
    .map(Number)
    .sort((a, b) => a - b)
}

/**
 * The data of major `from` as data of major `to`, by every upcaster between them. Throws a RangeError when there is no way,
 * and whatever an upcaster throws.
 *
 * @example
 * upcastData({ 1: ({ title }) => ({ name: title }) }, 1, 2, { title: 'Emma' }) // { name: 'Emma' }
 */
export function upcastData(upcast: Upcasters | undefined, from: number, to: number, data: unknown): unknown {
  let value = data
  for (let major = from; major < to; major += 1) {
    const step = upcast?.[major]
    if (step === undefined) throw new RangeError(`there is no upcaster from version ${major}`)
    value = step(value)
  }
  if (from > to) throw new RangeError(`version ${from} is newer than ${to}, which is all that is known here`)
  return value
}

/** What is wrong with upcasters of something whose own major is `major`; empty when they are good. */
export function upcastFaults(upcast: unknown, major: number): readonly string[] {
  if (upcast === undefined) return []
  if (typeof upcast !== 'object' || upcast === null) return ['upcast must be an object of functions, by older version']
  const names = Object.keys(upcast)
  const faults = names
    .filter((name) => !/^[1-9]\d*$/.test(name) || Number(name) >= major)
    .map((name) => `upcast ${name} must be a version before ${major}`)
  for (const [name, step] of Object.entries(upcast))
    if (typeof step !== 'function') faults.push(`upcast ${name} must be a function from version ${name} to the next`)
  if (faults.length > 0) return faults
  const first = Math.min(...names.map(Number))
  for (let at = first; at < major; at += 1)
    if (!Object.hasOwn(upcast, at)) faults.push(`upcast has no way from version ${at} to ${at + 1}`)
  return faults
}
