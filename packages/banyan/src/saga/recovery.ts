/**
 * Runs that this host holds and does not have in memory as the store has them: after answers that were lost, and journals that are
 * not as they were known. What is in memory is worth nothing then, and the whole journal is read.
 */
import { equalJitterMs, loopBackoff } from '../bus/backoff.ts'
import { sleep } from '../core/environment/timers.ts'
import type { TakenSaga } from '../store/sagas.ts'
import type { SagaHost } from './host.ts'
import { readJournal } from './observe.ts'

/** How often a run is read again, without having come further, before it is parked. */
const maxReloads = 3
/** Runs that are looked through at a time. */
const pageSize = 500

/** The executor that it works for. */
export interface RecoveryOwner {
  /** It is not at work here, and this host may go on. */
  readonly mayOpen: (id: string) => boolean
  readonly open: (taken: TakenSaga) => void
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

  /** Goes on with a run from its journal, if it is still held here under this epoch. */
  async reload(id: string, epoch: number): Promise<void> {
    const { environment, holder, store } = this.#host
    const times = (this.#times.get(id) ?? 0) + 1
    this.#times.set(id, times)
    for (let failures = 1; this.#owner.mayOpen(id); failures++) {
      try {
        const saga = await store.sagas.find(id)
        if (saga === undefined || saga.holder !== holder || saga.epoch !== epoch) break
        if (times > maxReloads) {
          await store.sagas.mend(id, saga.length, [], 'parked', JSON.stringify({ parked: unstable }))
          break
        }
        const entries = await readJournal(store.sagas, id)
        const messages = await store.sagas.messages(id, 0)
        if (this.#owner.mayOpen(id)) this.#owner.open({ saga, entries, messages })
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
      for (const { id, epoch, holder: of } of page.sagas)
        if (of === holder && !isKnown(id)) await this.reload(id, epoch)
      before = page.next
    } while (before !== undefined)
  }
}

const unstable = {
  reason: 'SAGA_UNSTABLE',
  message: `its journal was not as its host knew it, ${maxReloads} times in a row`,
}
