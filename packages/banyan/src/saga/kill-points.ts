/**
 * Every effect of a host has a number, and a host can be killed at each: before it (nothing was done), after it (done, and the answer
 * lost), or so that it arrives late, when another host has long gone on. Counting them once and then killing at each of them in turn
 * is an enumeration, not a gamble: what holds at all points holds wherever a process dies between two effects.
 *
 * A killed host does nothing more: whatever it asks for never settles. Support for tests; see kill-points.test.ts.
 */
import type { Timers } from '../core/environment/timers.ts'
import type { SagaHost } from './host.ts'

/** What of an effect is left when its host is killed. */
export type KillMode = 'before' | 'after' | 'late'

/** Where and how. */
export interface Kill {
  /** The number of the effect, from 1. */
  readonly at: number
  readonly mode: KillMode
  /** How much later an effect of mode 'late' arrives, in milliseconds. */
  readonly lateMs: number
}

/** Calls to the port that change something, or whose answer gives something away. */
const effects: ReadonlySet<string> = new Set([
  'start',
  'write',
  'take',
  'beat',
  'release',
  'send',
  'lock',
  'unlock',
  'mend',
  'messages',
])

const never = (): Promise<never> => new Promise(() => {})

/** The effects of one host; see the top of the file. */
export class KillPoints {
  readonly #timers: Timers
  readonly #kill: Kill | undefined
  readonly #onKill: (() => void) | undefined
  /** What each effect was, in order. */
  readonly names: string[] = []
  #isDead = false

  constructor(timers: Timers, kill?: Kill, onKill?: () => void) {
    this.#timers = timers
    this.#kill = kill
    this.#onKill = onKill
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** Does something that can be seen outside of the host. */
  async effect<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#isDead) return never()
    this.names.push(name)
    const kill = this.#kill?.at === this.names.length ? this.#kill : undefined
    if (kill === undefined) {
      try {
        return await work()
      } finally {
        // What was under way when it died is done, and nobody hears of it.
        if (this.#isDead) await never()
      }
    }
    this.#isDead = true
    this.#onKill?.()
    if (kill.mode === 'after') await work().catch(() => undefined)
    if (kill.mode === 'late') this.#timers.after(kill.lateMs, () => void work().catch(() => undefined))
    return never()
  }

  /** A host all of whose effects are counted. */
  wrap(host: SagaHost): SagaHost {
    const { sagas } = host.store
    const counted = Object.fromEntries(
      Object.entries(sagas).map(([name, call]) => [name, this.#counted(name, call as never)]),
    )
    const store = Object.create(host.store, { sagas: { value: counted } })
    return {
      ...host,
      store,
      perform: (...given) => (this.#isDead ? never() : host.perform(...given)),
      transact: (...given) => this.effect('transact', () => host.transact(...given)),
    }
  }

  #counted(name: string, call: unknown): unknown {
    if (typeof call !== 'function') return call
    if (name.startsWith('on'))
      return (listener: (...given: unknown[]) => void) =>
        (call as (listener: unknown) => unknown)((...given: unknown[]) =>
          this.#isDead ? undefined : listener(...given),
        )
    const plain = call as (...given: unknown[]) => Promise<unknown>
    if (effects.has(name)) return (...given: unknown[]) => this.effect(name, () => plain(...given))
    return async (...given: unknown[]) => {
      const result = await plain(...given)
      return this.#isDead ? never() : result
    }
  }
}
