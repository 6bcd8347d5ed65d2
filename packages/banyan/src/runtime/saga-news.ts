/**
 * What this process has heard of runs: which it has started a moment ago, and which it has ended itself. Who waits for the result
 * of a run that goes on here is told by whoever writes its end, and the database is not asked at all; for all other runs it is, at
 * growing intervals. Nothing here is kept for longer than somebody waits: what a run came to may be changed by a person later.
 */
import type { Cancellable } from '../core/cancellation.ts'
import type { Environment } from '../core/environment/environment.ts'
import { isSagaEnd } from '../store/saga-rules.ts'
import type { Sagas, SagaWrite } from '../store/sagas.ts'

/** How a run has ended. */
export interface SagaEnding {
  readonly state: 'completed' | 'undone' | 'continued'
  /** JSON text: `{ ok }` or `{ error }`. */
  readonly outcome: string
}

/** Whoever waits; may give up. */
export interface SagaWaiter {
  follow(follower: Cancellable): void
  unfollow(follower: Cancellable): void
}

/** Starts that are remembered. */
export const maxRecentStarts = 1_000
/** For how long, in milliseconds; afterwards the database is asked where a run stands. */
export const recentStartMs = 1_000

type Listener = (ending: SagaEnding | undefined) => void

/** See the top of the file. */
export class SagaNews {
  readonly #environment: Pick<Environment, 'clock' | 'timers'>
  readonly #waiting = new Map<string, Set<Listener>>()
  /** Runs by `<saga>/<key>`. */
  readonly #started = new Map<string, { readonly id: string; readonly atMs: number }>()
  readonly #names = new Map<string, string>()
  #ended = new Map<string, SagaEnding | undefined>()

  constructor(environment: Pick<Environment, 'clock' | 'timers'>) {
    this.#environment = environment
  }

  /** The same port; what is ended through it is news. */
  hear(sagas: Sagas): Sagas {
    sagas.onEnd((ids) => {
      for (const id of ids) this.#tell(id, undefined)
    })
    return {
      ...sagas,
      write: async (writes) => {
        const outcomes = await sagas.write(writes)
        for (const [place, write] of writes.entries()) if (outcomes[place] === 'written') this.#written(write)
        return outcomes
      },
    }
  }

  #written({ id, change }: SagaWrite): void {
    if (change !== undefined && isSagaEnd(change.to) && 'outcome' in change)
      this.#tell(id, { state: change.to, outcome: change.outcome })
  }

  /** This process has just started it. */
  started(name: string, key: string, id: string): void {
    const place = `${name}/${key}`
    const before = this.#started.get(place)
    if (before !== undefined) this.#forget(before.id)
    this.#started.set(place, { id, atMs: this.#environment.clock.monotonic() })
    this.#names.set(id, place)
    if (this.#started.size <= maxRecentStarts) return
    const [[oldest, run]] = this.#started as unknown as [[string, { readonly id: string }]]
    this.#started.delete(oldest)
    this.#names.delete(run.id)
  }

  /** The run of a key that was started here a moment ago and has not ended here. */
  recent(name: string, key: string): string | undefined {
    const found = this.#started.get(`${name}/${key}`)
    const isRecent = found !== undefined && this.#environment.clock.monotonic() - found.atMs < recentStartMs
    return isRecent ? found.id : undefined
  }

  /** Until its end is heard of (with what came of it, if that is known) or the time is over; rejects when who waits gives up. */
  wait(id: string, ms: number, waiter: SagaWaiter): Promise<SagaEnding | undefined> {
    return new Promise((resolve, reject) => {
      const listeners = this.#waiting.get(id) ?? new Set()
      this.#waiting.set(id, listeners)
      const leave = (): void => {
        timer.cancel()
        waiter.unfollow(follower)
        listeners.delete(listener)
        if (listeners.size === 0 && this.#waiting.get(id) === listeners) this.#waiting.delete(id)
      }
      const listener: Listener = (ending) => {
        leave()
        resolve(ending)
      }
      const follower: Cancellable = {
        cancel(reason) {
          leave()
          reject(reason)
        },
      }
      const timer = this.#environment.timers.after(ms, () => listener(undefined))
      listeners.add(listener)
      waiter.follow(follower)
    })
  }

  /** Together with all others of its commit, once whoever wrote the end has done with it. */
  #tell(id: string, ending: SagaEnding | undefined): void {
    if (ending !== undefined) this.#forget(id)
    if (!this.#waiting.has(id)) return
    this.#ended.set(id, ending ?? this.#ended.get(id))
    if (this.#ended.size > 1) return
    this.#environment.timers.soon(() => {
      const ended = this.#ended
      this.#ended = new Map()
      for (const [one, how] of ended) for (const listener of [...(this.#waiting.get(one) ?? [])]) listener(how)
    })
  }

  #forget(id: string): void {
    const place = this.#names.get(id)
    if (place === undefined) return
    this.#names.delete(id)
    if (this.#started.get(place)?.id === id) this.#started.delete(place)
  }
}
