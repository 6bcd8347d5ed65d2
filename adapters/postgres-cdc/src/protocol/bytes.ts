/** Reads the binary messages of the replication protocol: big-endian numbers, texts that end with a zero byte. */
import type { Lsn } from './lsn.ts'

/** 2000-01-01 in milliseconds since 1970: where PostgreSQL's microseconds begin. */
export const postgresEpochMs = 946_684_800_000

/** A cursor over one message. Reading past its end throws RangeError. */
export class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#advance(1))
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#advance(4))
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4))
  }

  lsn(): Lsn {
    return this.#bytes.readBigUInt64BE(this.#advance(8))
  }

  /** Milliseconds since 1970; PostgreSQL's microseconds are cut. */
  timeMs(): number {
    return Number(this.#bytes.readBigInt64BE(this.#advance(8)) / 1_000n) + postgresEpochMs
  }

  /** Up to the next zero byte. */
  cString(): string {
    const end = this.#bytes.indexOf(0, this.#at)
    if (end < 0) throw new RangeError('a text without an end')
    const text = this.#bytes.toString('utf8', this.#at, end)
    this.#at = end + 1
    return text
  }

  text(length: number): string {
    const start = this.#advance(length)
    return this.#bytes.toString('utf8', start, start + length)
  }

  #advance(length: number): number {
    const start = this.#at
    if (length < 0 || start + length > this.#bytes.length) throw new RangeError('a message that ends too early')
    this.#at = start + length
    return start
  }
}
