// Randomness that can be had again: one seed, one sequence (mulberry32, by Tommy Ettinger, public domain). Good enough to choose with,
// useless for secrets.

export interface SeededRandom {
  /** From 0 up to and without 1. */
  fraction(): number
  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number
  /** One of the list, which must not be empty. */
  pick<T>(list: readonly T[]): T
}

export function createSeededRandom(seed: number): SeededRandom {
  let state = seed >>> 0
  function fraction(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (min: number, max: number): number => min + Math.floor(fraction() * (max - min + 1))
  return {
    fraction,
    integer,
    pick(list) {
      if (list.length === 0) throw new Error('there is nothing to pick from')
      return list[integer(0, list.length - 1)] as (typeof list)[number]
    },
  }
}
