/** Randomness and ids. The virtual implementation is seeded, so a run can be repeated. */

/** Where everything that has to differ comes from. */
export interface Random {
  /** At least 0, less than 1. Not for secrets. */
  next(): number
  /** Cryptographically strong in the real environment. */
  bytes(length: number): Uint8Array
  /** RFC 9562 version 7: sorts by time, and strictly so within one process. */
  uuidv7(): string
}

const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Bytes, or those from `start` up to `end`, as lower-case hexadecimal. */
export function toHex(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = ''
  for (let index = start; index < end; index++) text += hex[bytes[index] as number]
  return text
}

/**
 * Makes version 7 ids: 48 bits of milliseconds, a 12 bit counter that orders ids of one millisecond (RFC 9562, 6.2 method
 * 1, with roll-over into the millisecond when the counter is full or the clock goes back), 62 random bits.
 */
export function createUuidv7(now: () => number, bytes: (length: number) => Uint8Array): () => string {
  let lastMs = -1
  let counter = 0
  let head = ''
  const moveTo = (ms: number): void => {
    lastMs = ms
    const time = ms.toString(16).padStart(12, '0')
    head = `${time.slice(0, 8)}-${time.slice(8)}-`
  }
  return () => {
    const nowMs = Math.floor(now())
    const random = bytes(9)
    if (nowMs > lastMs) {
      moveTo(nowMs)
      counter = random[8] as number
    } else if (++counter > 0xfff) {
      moveTo(lastMs + 1)
      counter = 0
    }
    let text = `${head}${hex[0x70 | (counter >> 8)]}${hex[counter & 0xff]}-${hex[0x80 | ((random[0] as number) & 0x3f)]}${hex[random[1] as number]}-`
    for (let index = 2; index < 8; index++) text += hex[random[index] as number]
    return text
  }
}
