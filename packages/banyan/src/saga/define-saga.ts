/** `defineSaga`: a durable function, as a description. Nothing runs here; a service lists it under `sagas`. */
import type { AnyEvent } from '../contract/define-contract.ts'
import type { Event } from '../contract/event.ts'
import type { Owned } from '../contract/operation.ts'
import type { AnySchema, Received } from '../contract/schema.ts'
import { BanyanError } from '../core/error.ts'
import type { SagaPriority } from '../store/sagas.ts'
import type { StepRetry } from './options.ts'
import type { Saga } from './saga.ts'
import { sagaFaults } from './saga-faults.ts'
import type { AnySignal } from './signals.ts'

/** What every saga may say of itself. */
export interface SagaSettings<Input> {
  /** A whole number from 1. Runs keep the version they started on: list both while old ones run. */
  readonly version: number
  /** What it is for, in a sentence. */
  readonly about?: string
  /** Starting is idempotent by it; events with this key find the run. 1 to 255 characters. */
  readonly key: (input: Input) => string
  /** More keys by which events find it, from its start. At most 16. */
  readonly correlations?: (input: Input) => readonly string[]
  /** What `waitFor` may name. */
  readonly waits?: readonly (AnyEvent & Owned)[]
  /** What may be sent to it and asked of it. */
  readonly signals?: readonly AnySignal[]
  /** How long it may take, in milliseconds, 1 to ten years; then it is undone like one that failed. Default: no limit. */
  readonly timeoutMs?: number
  /** Default 'normal'. */
  readonly priority?: SagaPriority
  /** Of all its steps that do not say otherwise. */
  readonly retry?: StepRetry
  /** Operations of one run, 1 to 10 000. Default 10 000. */
  readonly maxSteps?: number
  /** Runs at a time on one host, 1 to 10 000. Default 256. */
  readonly concurrency?: number
  /** Without an entry for so long while it should go on, it counts as stuck, in milliseconds. Default 300 000. */
  readonly stuckMs?: number
}

/** A saga that is started by calls. */
export interface CalledSagaSpec<S extends AnySchema, Output, Ctx> extends SagaSettings<Received<NoInfer<S>>> {
  readonly input: S
  readonly startsOn?: undefined
  readonly run: (saga: Saga<Ctx>, input: Received<NoInfer<S>>) => Promise<Output>
}

/** A saga that is started by an event; it can be started by a call, too. */
export interface StartedSagaSpec<R, Output, Ctx> extends SagaSettings<NoInfer<R>> {
  readonly startsOn: Event<unknown, R> & Owned
  readonly input?: undefined
  readonly run: (saga: Saga<Ctx>, input: NoInfer<R>) => Promise<Output>
}

/** A saga, as frozen data. */
export interface SagaDefinition<Input = unknown, Output = unknown, in Ctx = never> extends SagaSettings<never> {
  readonly $banyan: 'saga'
  readonly name: string
  readonly input: AnySchema
  readonly startsOn: (AnyEvent & Owned) | undefined
  readonly run: (saga: Saga<Ctx>, input: never) => Promise<unknown>
  /** Exists only for the compiler. */
  readonly '~types': { readonly input: Input; readonly output: Output }
}

/**
 * Defines a saga. All that is wrong with it is said in one {@link BanyanError} (INVALID_ARGUMENT `INVALID_SAGA`).
 *
 * @example
 * type Ctx = ContextOf<typeof Orders, typeof Inventory>
 * export const checkout = defineSaga('checkout', {
 *   version: 1,
 *   startsOn: Orders.events.placed,
 *   key: ({ orderId }) => orderId,
 *   waits: [Inventory.events.reserved],
 *   async run(saga: Saga<Ctx>, { orderId }) {
 *     await saga.step(
 *       'reserve stock',
 *       (ctx) => ctx.call(Inventory.reserve, { orderId, lines: [{ sku: 'mug', quantity: 1 }] }),
 *       // Undefined when it is not known whether it was done.
 *       (ctx, reserved) => ctx.log.warn('to be put back', { reservationId: reserved?.reservationId }),
 *     )
 *     await saga.pointOfNoReturn()
 *     await saga.waitFor(Inventory.events.reserved, { timeoutMs: 14 * 86_400_000 })
 *   },
 * })
 */
export function defineSaga<R, Output, Ctx>(
  name: string,
  spec: StartedSagaSpec<R, Output, Ctx>,
): SagaDefinition<R, Output, Ctx>
export function defineSaga<S extends AnySchema, Output, Ctx>(
  name: string,
  spec: CalledSagaSpec<S, Output, Ctx>,
): SagaDefinition<Received<S>, Output, Ctx>
export function defineSaga(name: string, spec: { readonly startsOn?: unknown; readonly input?: unknown }): never {
  const faults = sagaFaults(name, spec as never)
  if (faults.length > 0)
    throw new BanyanError('INVALID_ARGUMENT', `saga '${name}':\n${faults.map((fault) => `  - ${fault}`).join('\n')}`, {
      reason: 'INVALID_SAGA',
    })
  const input = spec.input ?? (spec.startsOn as AnyEvent).data
  return Object.freeze({ ...spec, $banyan: 'saga', name, input, startsOn: spec.startsOn }) as never
}

/** True for what `defineSaga` made, also in another copy of this package. */
export function isSaga(value: unknown): value is SagaDefinition {
  return typeof value === 'object' && value !== null && (value as { $banyan?: unknown }).$banyan === 'saga'
}
