/**
 * Runs that this host holds and does not have in memory as the store has them: after answers that were lost, and journals that are
 * not as they were known. What is in memory is worth nothing then: they are let go, and taken again with the whole journal.
 */
import { equalJitterMs, loopBackoff } from '../bus/backoff.ts'
import { sleep } from '../core/environment/timers.ts'
import { isSagaEnd } from '../store/saga-rules.ts'
import type { SagaHost } from './host.ts'

/** How often a run is let go, without having come further, before it is parked. */
const maxReloads = 3
/** Runs whose times are counted. */
const maxCounted = 10_000
/** Runs that are looked through at a time. */
const pageSize = 500

/** The executor that it works for. */
export interface RecoveryOwner {
  /** It is not at work here, and this host may go on. */
  readonly mayLetGo: (id: string) => boolean
  readonly onFault: (error: unknown) => void
}

export class Recovery {
  readonly #host: SagaHost
  readonly #owner: RecoveryOwner
  readonly #times = new Map<string, number>()

  constructor(host: SagaHost, owner: RecoveryOwner) {
    this.#host = host
    this.#owner = owner
  }

  /** It has come further. */
  isWell(id: string): void {
    this.#times.delete(id)
  }

  /**
   * Lets a run go as it stands, if it is held here under this epoch, for anybody to take and to read its whole journal. That is
   * another epoch, so nothing that is still on its way to the store is written any more.
   */
  async letGo(id: string, epoch: number): Promise<void> {
    const { environment, holder, store } = this.#host
    // Of those that others have taken since, nothing is heard.
    if (this.#times.size >= maxCounted) this.#times.clear()
    const times = (this.#times.get(id) ?? 0) + 1
    this.#times.set(id, times)
    for (let failures = 1; this.#owner.mayLetGo(id); failures++) {
      try {
        const saga = await store.sagas.find(id)
        if (saga === undefined || saga.holder !== holder || saga.epoch !== epoch || isSagaEnd(saga.state)) break
        const isOver = times > maxReloads
        const note = isOver ? JSON.stringify({ parked: unstable }) : saga.note
        const to = isOver ? 'parked' : saga.state
        // Undefined when something was written meanwhile.
        if ((await store.sagas.mend(id, saga.length, [], to, note)) === undefined) continue
        if (isOver) break
        return
      } catch (error) {
        this.#owner.onFault(error)
        await sleep(environment.timers, equalJitterMs(loopBackoff, failures, environment.random))
      }
    }
    this.#times.delete(id)
  }

  /** The answer to a take was lost: what it gave is held by this host, and not known to it. */
  async findForgotten(isKnown: (id: string) => boolean): Promise<void> {
    const { holder, store } = this.#host
    let before: string | undefined
    do {
      const from = before === undefined ? {} : { before }
      const filter = { states: ['running', 'undoing'] as const, stuckMs: 0, limit: pageSize, ...from }
      const page = await store.sagas.list(filter)
      for (const { id, epoch, holder: of } of page.sagas) if (of === holder && !isKnown(id)) await this.letGo(id, epoch)
      before = page.next
    } while (before !== undefined)
  }
}

const unstable = {
  reason: 'SAGA_UNSTABLE',
  message: `its journal was not as its host knew it, ${maxReloads} times in a row`,
}
