/**
 * Which events of a log may have come before: a log can have an event twice, after its source was restored.
 *
 * What is above every id that came before is new. Ids grow with time and a log is nearly in its order, so what is not above all of
 * them is among the last ones, which are remembered; only what is older than those is in doubt, and has to be looked up.
 */

/** Remembered are between so many ids and twice as many. */
export const rememberedIds = 16_384

/** See the top of the file. */
export class SeenIds {
  /** The highest id that may have come before and is not remembered. */
  #floor: string
  #highest: string
  #recent: string[] = []
  #older: readonly string[] = []
  /** Of what is remembered, made when somebody asks: in a log that is in order nobody does. */
  #known: Set<string> | undefined
  readonly #remembered: number

  /** `highest`: of all that came before, '' for none. */
  constructor(highest: string, remembered: number = rememberedIds) {
    this.#floor = highest
    this.#highest = highest
    this.#remembered = remembered
  }

  /** Whether it came before, as far as is known here. */
  judge(id: string): 'new' | 'seen' | 'in doubt' {
    if (id > this.#highest) return 'new'
    this.#known ??= new Set([...this.#older, ...this.#recent])
    if (this.#known.has(id)) return 'seen'
    return id > this.#floor ? 'new' : 'in doubt'
  }

  /** It has come. */
  add(id: string): void {
    if (id > this.#highest) this.#highest = id
    this.#recent.push(id)
    this.#known?.add(id)
    if (this.#recent.length < this.#remembered) return
    for (const gone of this.#older) if (gone > this.#floor) this.#floor = gone
    this.#older = this.#recent
    this.#recent = []
    this.#known = undefined
  }
}
