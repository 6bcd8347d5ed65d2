/** Randomness and ids of a run: computed from its id, so that they are the same at every replay. */
import type { Origin } from './journal.ts'

/** Source: Sebastiano Vigna, SplitMix64 (public domain), over the run's id; 53 bits of each output. */
export class Seeded {
  #state: bigint
  constructor(id: string) {
    this.#state = BigInt.asUintN(64, BigInt(`0x${id.replaceAll('-', '').slice(-16).padStart(16, '0')}`))
  }

  #next(): bigint {
    this.#state = BigInt.asUintN(64, this.#state + 0x9e37_79b9_7f4a_7c15n)
    let mixed = this.#state
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58_476d_1ce4_e5b9n)
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d0_49bb_1331_11ebn)
    return mixed ^ (mixed >> 31n)
  }

  random(): number {
    return Number(this.#next() >> 11n) / 2 ** 53
  }

  /** A UUIDv7 (RFC 9562) of this time. */
  uuid(timeMs: number): string {
    const time = Math.floor(timeMs).toString(16).padStart(12, '0')
    const a = (this.#next() & 0xfffn).toString(16).padStart(3, '0')
    const b = ((this.#next() & 0x3fff_ffff_ffff_ffffn) | 0x8000_0000_0000_0000n).toString(16)
    return `${time.slice(0, 8)}-${time.slice(8)}-7${a}-${b.slice(0, 4)}-${b.slice(4)}`
  }
}

/** The seeds of a run: of one whose journal comes from another run, that of the other one until the journal is at its end. */
export class Seeds {
  readonly #parts: readonly { readonly seeded: Seeded; readonly until: number }[]
  readonly #own: Seeded

  constructor(id: string, origin: Origin | undefined) {
    let until = 0
    this.#own = new Seeded(id)
    this.#parts = (origin?.ids ?? []).map((part) => {
      until += part.outcomes
      return { seeded: new Seeded(part.id), until }
    })
  }

  /** When so many outcomes were given to the function. */
  at(given: number): Seeded {
    return this.#parts.find(({ until }) => given < until)?.seeded ?? this.#own
  }
}
