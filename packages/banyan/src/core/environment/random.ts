/** Randomness and ids. The virtual implementation is seeded, so a run can be repeated. */

export interface Random {
  /** At least 0, less than 1. Not for secrets. */
  next(): number
  /** Cryptographically strong in the real environment. */
  bytes(length: number): Uint8Array
  /** RFC 9562 version 7: sorts by time, and strictly so within one process. */
  uuidv7(): string
}

const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Bytes as lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += hex[byte]
  return text
}

/**
 * Makes version 7 ids: 48 bits of milliseconds, a 12 bit counter that orders ids of one millisecond (RFC 9562, 6.2 method
 * 1, with roll-over into the millisecond when the counter is full or the clock goes back), 62 random bits.
 */
export function createUuidv7(now: () => number, bytes: (length: number) => Uint8Array): () => string {
  let lastMs = -1
  let counter = 0
  return () => {
    const nowMs = Math.floor(now())
    const random = bytes(9)
    if (nowMs > lastMs) {
      lastMs = nowMs
      counter = (random[8] as number) & 0xff
    } else if (++counter > 0xfff) {
      lastMs += 1
      counter = 0
    }
    const time = lastMs.toString(16).padStart(12, '0')
    const head = `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-`
    const tail = toHex(random.subarray(0, 8))
    const variant = (0x8 | (parseInt(tail[0] as string, 16) & 0x3)).toString(16)
    return `${head}${variant}${tail.slice(1, 4)}-${tail.slice(4)}`
  }
}
