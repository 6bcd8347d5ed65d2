/** `ctx.sagas`, without types; see saga-access.ts for what handlers see. */
import type { SagaShape, SignalShape } from '../saga/shape.ts'
import { undeclaredSaga } from './refusals.ts'
import type { SagaView, StartedSaga } from './saga-access.ts'
import type { SagaCaller, SagaDesk } from './saga-desk.ts'
import type { ServiceScope } from './service-scope.ts'

interface Patience {
  readonly timeoutMs?: number
}

/** See the top of the file. */
export class SagaCalls {
  readonly #service: ServiceScope
  readonly #caller: SagaCaller

  constructor(service: ServiceScope, caller: SagaCaller) {
    this.#service = service
    this.#caller = caller
  }

  get #desk(): SagaDesk {
    if (this.#service.sagas === undefined) throw undeclaredSaga(this.#service.name)
    return this.#service.sagas
  }

  async start(saga: SagaShape, input: unknown): Promise<StartedSaga> {
    return this.#desk.start(this.#caller, saga, input)
  }
  async signal(saga: SagaShape, key: string, signal: SignalShape, data: unknown): Promise<void> {
    await this.#desk.signal(this.#caller, saga, key, signal, data)
  }
  async update(saga: SagaShape, key: string, update: SignalShape, input: unknown, how?: Patience): Promise<unknown> {
    return this.#desk.update(this.#caller, saga, key, update, input, how?.timeoutMs)
  }
  async cancel(saga: SagaShape, key: string, why = ''): Promise<void> {
    await this.#desk.cancel(this.#caller, saga, key, why)
  }
  async find(saga: SagaShape, key: string): Promise<SagaView | undefined> {
    return this.#desk.find(saga, key)
  }
  async result(saga: SagaShape, key: string, how?: Patience): Promise<unknown> {
    return this.#desk.result(this.#caller, saga, key, how?.timeoutMs)
  }
  async query(saga: SagaShape, key: string, query: SignalShape): Promise<unknown> {
    return this.#desk.query(saga, key, query)
  }
}
