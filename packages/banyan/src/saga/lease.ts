/**
 * That a host lives: said again and again, and believed by the host itself no longer than others believe it. A host that cannot say so
 * stops all it does before its lease is over, by its own monotonic clock; when it can again, it first lets go what it held, since
 * nothing of it is in memory any more.
 *
 * Source: Gray & Cheriton, "Leases" (SOSP 1989).
 */
import { equalJitterMs, loopBackoff } from '../bus/backoff.ts'
import type { Environment } from '../core/environment/environment.ts'
import type { Timer } from '../core/environment/timers.ts'
import type { Beat, Sagas } from '../store/sagas.ts'
import { inTime } from './in-time.ts'
import { Wake } from './wake.ts'

/** How long a host counts as alive without saying so, in milliseconds. */
export const sagaLeaseMs = 10_000
/** The part of the lease that a host itself relies on. */
const ownMargin = 0.8

/** What a lease is of. */
export interface LeaseOptions {
  readonly environment: Environment
  readonly sagas: Pick<Sagas, 'beat' | 'release' | 'isLocal'>
  readonly holder: string
  /** What is held, with the places of the last messages that were read. */
  readonly held: () => ReadonlyMap<string, number>
  /** Whether there is any. */
  readonly holds: () => boolean
  readonly onBeat: (beat: Beat, asked: ReadonlyMap<string, number>) => void
  /** Others may have taken everything over. */
  readonly onAway: () => void
  readonly onFault: (error: unknown) => void
}

/** See the top of the file. */
export class Lease {
  readonly #options: LeaseOptions
  readonly #wake: Wake
  #aliveUntilMs = 0
  #watch: Timer | undefined
  #isAway = false
  #beating: Promise<boolean> | undefined
  #ending = false
  #loop: Promise<void> | undefined

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#wake = new Wake(options.environment.timers)
  }

  /** This host may begin effects. */
  get isAlive(): boolean {
    return this.#options.environment.clock.monotonic() < this.#aliveUntilMs
  }
  /** It was cut off, and has not come back yet. */
  get isAway(): boolean {
    return this.#isAway
  }

  start(): void {
    this.#ending = false
    this.#loop = this.#beats()
  }
  /** Says so no more. */
  async stop(): Promise<void> {
    this.#ending = true
    this.#wake.wake()
    await this.#loop
    this.#loop = undefined
    this.#watch?.cancel()
    this.#aliveUntilMs = 0
  }

  /** Alive, after saying so if that is needed; false when the database cannot be reached. */
  async ensure(): Promise<boolean> {
    return this.isAlive || this.beat()
  }

  /** Says it now; resolves to whether it was heard. Those who ask at the same time share one. */
  beat(): Promise<boolean> {
    this.#beating ??= this.#beat().finally(() => {
      this.#beating = undefined
    })
    return this.#beating
  }

  async #beat(): Promise<boolean> {
    const { environment, sagas, holder, held, onBeat, onFault } = this.#options
    const { clock, timers } = environment
    try {
      if (this.#isAway) await inTime(timers, sagaLeaseMs / 2, sagas.release(holder))
      const beganMs = clock.monotonic()
      const asked = held()
      const beat = await inTime(timers, sagaLeaseMs / 3, sagas.beat(holder, sagaLeaseMs, asked))
      // So late that the lease may have been over in between.
      if (clock.monotonic() >= beganMs + sagaLeaseMs * ownMargin) return false
      this.#aliveUntilMs = beganMs + sagaLeaseMs * ownMargin
      this.#isAway = false
      this.#guard()
      onBeat(beat, asked)
      return true
    } catch (error) {
      onFault(error)
      return false
    }
  }

  /** At the end of the lease, however long an answer is waited for. */
  #guard(): void {
    const { clock, timers } = this.#options.environment
    this.#watch?.cancel()
    this.#watch = undefined
    if (!this.#options.holds()) return
    this.#watch = timers.after(Math.max(1, this.#aliveUntilMs - clock.monotonic()), () => {
      this.#watch = undefined
      if (this.isAlive) this.#guard()
      else if (this.#options.holds()) this.giveUp()
    })
  }

  /** The lease is over: what was held may be anybody's, and is let go before anything else is done. */
  giveUp(): void {
    this.#isAway = true
    this.#aliveUntilMs = 0
    this.#options.onAway()
  }

  /** Something is held from now on: it is watched, and said again in time. */
  wake(): void {
    if (this.#watch === undefined) {
      this.#guard()
      this.#wake.wake()
    }
  }

  async #beats(): Promise<void> {
    const { environment, holds, sagas } = this.#options
    for (let failures = 0; !this.#ending; ) {
      // Where nothing is held, nothing has to be said; others' runs are looked after by whoever takes (see SagaExecutor).
      if (!holds() && sagas.isLocal === true && !this.#isAway) {
        await this.#wake.idle(undefined)
        if (this.#ending) return
        await this.#wake.idle(sagaLeaseMs / 3)
        continue
      }
      const wasHeard = await this.beat()
      failures = wasHeard ? 0 : failures + 1
      if (!wasHeard && !this.isAlive && holds()) this.giveUp()
      if (this.#ending) return
      await this.#wake.idle(
        wasHeard
          ? sagaLeaseMs / 3
          : Math.min(sagaLeaseMs / 6, equalJitterMs(loopBackoff, failures, environment.random)),
      )
    }
  }
}
