/** Sagas in tests of this folder: a store in memory, virtual time, and steps that are plain functions. */
import { createVirtualEnvironment, type VirtualEnvironment } from '../core/environment/virtual/index.ts'
import { createMemoryStore } from '../store/memory/memory-store.ts'
import type { SagaRecord } from '../store/sagas.ts'
import type { Store } from '../store/store.ts'
import { silentLog } from '../telemetry/log.ts'
import type { SagaDefinition } from './define-saga.ts'
import { type ExecutorOptions, SagaExecutor } from './executor.ts'
import type { Attempt, SagaHost } from './host.ts'
import type { SagaShape } from './shape.ts'
import { toNewSaga } from './start.ts'

/** What may be said of a host. */
export interface RigHostOptions extends ExecutorOptions {
  /** Default 1. */
  readonly incarnation?: number
  /** Puts something between the host and its ports. */
  readonly wrap?: (host: SagaHost) => SagaHost
}

export interface SagaRig {
  readonly environment: VirtualEnvironment
  readonly store: Store
  /** Starts a host; it holds leases as `<name>#1`. */
  host(name: string, sagas: readonly SagaDefinition<never, never>[], options?: RigHostOptions): SagaExecutor
  /** Starts a run at a host and gives its id. */
  begin(executor: SagaExecutor, saga: SagaDefinition<never, never>, input: unknown): Promise<string>
  find(id: string): Promise<SagaRecord>
  /** Runs virtual time until the run stands in one of these states. */
  until(id: string, ...states: readonly SagaRecord['state'][]): Promise<SagaRecord>
}

export function createSagaRig(seed = 1, environment: VirtualEnvironment = createVirtualEnvironment({ seed })): SagaRig {
  const store = createMemoryStore({ environment, service: 'orders' })
  const find = async (id: string): Promise<SagaRecord> => {
    const found = await store.sagas.find(id)
    if (found === undefined) throw new Error(`no run ${id}`)
    return found
  }
  return {
    environment,
    store,
    host(name, sagas, { incarnation = 1, wrap = (one: SagaHost) => one, ...options } = {}) {
      const host: SagaHost = {
        environment,
        service: 'orders',
        store,
        holder: `${name}#${incarnation}`,
        log: silentLog,
        perform: async (attempt: Attempt, work) => work(attempt),
        transact: (attempt, work, toWrite) =>
          store.transact(
            async (tx) => {
              const result = await work(tx)
              await tx.sagas.write(await toWrite(result))
              return result
            },
            { signal: attempt.signal },
          ),
      }
      const executor = new SagaExecutor(wrap(host), sagas as unknown as readonly SagaShape[], options)
      executor.start()
      return executor
    },
    async begin(executor, saga, input) {
      const id = environment.random.uuidv7()
      const started = await environment.run(
        executor.begin(toNewSaga(saga as unknown as SagaShape, input, { id, startedBy: 'test' })),
      )
      return started.id
    },
    find,
    async until(id, ...states) {
      for (let turn = 0; turn < 5_000; turn++) {
        const found = await find(id)
        if (states.includes(found.state)) return found
        await environment.advance(turn < 2_000 ? 20 : turn < 3_000 ? 1_000 : 60_000)
      }
      const last = await find(id)
      throw new Error(`still ${last.state}: ${last.note}`)
    },
  }
}
