/** The sagas of one service on one host: its executor, and the watch for runs that do not go on. */
import type { ExecutorStatus, SagaExecutor } from '../saga/executor.ts'
import { createSagaWatch, type SagaWatchStatus } from '../saga/watch.ts'
import type { Store } from '../store/store.ts'
import type { ServiceRuntime } from './service-runtime.ts'

/** How the sagas of a service do on this host; what is stuck or parked is of the whole service. */
export interface SagaServiceStatus extends ExecutorStatus, SagaWatchStatus {
  readonly service: string
}

/** See the top of the file. */
export interface SagaService {
  readonly executor: SagaExecutor
  start(): void
  stop(withinMs: number): Promise<void>
  status(): SagaServiceStatus
}

/** Puts them together; nothing runs until started. */
export function createSagaService(
  { name, environment, definition, log }: ServiceRuntime,
  executor: SagaExecutor,
  store: Store,
): SagaService {
  const watch = createSagaWatch({ environment, service: name, sagas: store.sagas, shapes: definition.sagas, log })
  return {
    executor,
    start() {
      executor.start()
      watch.start()
    },
    async stop(withinMs) {
      await Promise.all([executor.stop(withinMs), watch.stop()])
    },
    status: () => ({ service: name, ...executor.status(), ...watch.status() }),
  }
}
