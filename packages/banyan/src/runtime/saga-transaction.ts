/** `tx.sagas`, without types; see saga-access.ts for what handlers see. */
import type { SagaShape, SignalShape } from '../saga/shape.ts'
import type { TransactionSagas } from '../store/sagas.ts'
import { undeclaredSaga } from './refusals.ts'
import type { HeldLock, StartedSaga } from './saga-access.ts'
import type { SagaCaller, SagaDesk } from './saga-desk.ts'
import type { ServiceScope } from './service-scope.ts'

/** See the top of the file. */
export class SagaTransaction {
  readonly #service: ServiceScope
  readonly #tx: TransactionSagas
  readonly #caller: SagaCaller

  constructor(service: ServiceScope, tx: TransactionSagas, caller: SagaCaller) {
    this.#service = service
    this.#tx = tx
    this.#caller = caller
  }

  get #desk(): SagaDesk {
    if (this.#service.sagas === undefined) throw undeclaredSaga(this.#service.name)
    return this.#service.sagas
  }

  async start(saga: SagaShape, input: unknown): Promise<StartedSaga> {
    return this.#desk.start(this.#caller, saga, input, this.#tx)
  }
  async signal(saga: SagaShape, key: string, signal: SignalShape, data: unknown): Promise<void> {
    await this.#desk.signal(this.#caller, saga, key, signal, data, this.#tx)
  }
  async cancel(saga: SagaShape, key: string, why = ''): Promise<void> {
    await this.#desk.cancel(this.#caller, saga, key, why, this.#tx)
  }
  async heldBy(kind: string, key: string): Promise<HeldLock | undefined> {
    const lock = await this.#tx.lock(kind, key)
    if (lock === undefined) return undefined
    const { owner, ownerName, sinceMs } = lock
    return { kind, key, owner, ownerName, sinceMs }
  }
}
