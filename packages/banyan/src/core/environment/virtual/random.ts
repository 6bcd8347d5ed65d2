/** Seeded randomness: the same seed gives the same run. Generator: sfc32 (Chris Doty-Humphrey, PractRand). */
import { createUuidv7, type Random } from '../random.ts'

/** A repeatable {@link Random}. */
export function createSeededRandom(seed: number, now: () => number): Random {
  let a = seed | 0
  let b = 0x9e3779b9 | 0
  let c = 0x243f6a88 | 0
  let counter = 1
  const word = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let warmUp = 0; warmUp < 12; warmUp++) word()
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => word() & 0xff)
  return { next: () => word() / 4_294_967_296, bytes, uuidv7: createUuidv7(now, bytes) }
}
