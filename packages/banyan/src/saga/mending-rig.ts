/** For tests of looking at runs and mending them: a rig, and the place where a person stands. */
import { type AnySchema, t } from '../contract/index.ts'
import { BanyanError } from '../core/error.ts'
import type { SagaDefinition } from './define-saga.ts'
import type { SagaExecutor } from './executor.ts'
import { createSagaRig, type SagaRig } from './rig.ts'
import type { OperationSchemas, SagaPlace } from './saga-place.ts'
import type { SagaShape } from './shape.ts'

export interface MendingRig extends SagaRig {
  place: SagaPlace
  readonly executor: SagaExecutor
  /** Runs virtual time until it has settled. */
  run<Result>(work: Promise<Result>): Promise<Result>
  /** What it rejects with, as fields. */
  refused(work: Promise<unknown>): Promise<BanyanError>
  start(saga: unknown, input?: object): Promise<string>
}

export const OrderInput: AnySchema = t.Object({ orderId: t.String(), card: t.Optional(t.String({ secret: true })) })
export const keyOfOrder = ({ orderId }: { orderId: string }): string => orderId
export const ada = { by: 'ada', why: 'she said so' }
export const no = (reason = 'NO'): BanyanError => new BanyanError('FAILED_PRECONDITION', 'no', { reason })

export function createMendingRig(
  sagas: readonly unknown[],
  operations: ReadonlyMap<string, OperationSchemas> = new Map(),
): MendingRig {
  const rig = createSagaRig()
  const { environment, store } = rig
  const shapes = sagas as readonly SagaShape[]
  const executor = rig.host('one', sagas as readonly SagaDefinition<never, never>[])
  const run = <Result>(work: Promise<Result>): Promise<Result> => environment.run(work)
  return {
    ...rig,
    executor,
    place: { environment, service: 'orders', sagas: store.sagas, code: { shapes, operations } },
    run,
    async refused(work) {
      return run(
        work.then(
          () => {
            throw new Error('it was not refused')
          },
          (error: unknown) => error as BanyanError,
        ),
      )
    },
    start: (saga, input = { orderId: 'o-1' }) => rig.begin(executor, saga as never, input),
  }
}
