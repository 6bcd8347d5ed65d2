/** One delivery, or a batch of them: envelopes opened and checked, the handler run, marks written with its effects or alone. */

import type { LoggedEvent } from '../bus/bus.ts'
import { fromEnvelope } from '../bus/envelope.ts'
import { createWireBorder } from '../contract/border.ts'
import { upcastData } from '../contract/upcast.ts'
import { BanyanError } from '../core/error.ts'
import { INVALID } from '../schema/index.ts'
import type { DeliveryMark } from '../store/inbox.ts'
import type { Store } from '../store/store.ts'
import { Span, Trace } from '../telemetry/trace.ts'
import { parseTraceparent, type TraceParent } from '../telemetry/trace-context.ts'
import { CallContext } from './call-context.ts'
import { EntryFrame } from './frame.ts'
import { cancelled } from './refusals.ts'
import type { ServiceRuntime } from './service-runtime.ts'
import type { DeliveredShape, EventShape, SubscriptionShape, Work } from './shapes.ts'

/** Applies one event; resolves when it is applied, rejects when it is to be tried again (or parked). */
export type Deliver = (event: LoggedEvent, attempt: number, mark: DeliveryMark, signal: AbortSignal) => Promise<void>

/** The same for a batch: all of it is applied, or nothing. */
export type DeliverBatch = (
  events: readonly LoggedEvent[],
  attempt: number,
  marks: readonly DeliveryMark[],
  signal: AbortSignal,
) => Promise<void>

/** How a subscription is delivered to; which of the two its options say. */
export interface Delivery {
  readonly one: Deliver
  readonly batch: DeliverBatch
}

/** Time one attempt has, in milliseconds. */
export const deliveryTimeoutMs = 60_000

/** An event that can never be applied, however often it is tried. */
export function unusable(event: LoggedEvent, why: string): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', `event ${event.id} (${event.type}) cannot be applied: ${why}`, {
    reason: 'UNUSABLE_EVENT',
  })
}

/** Errors after which trying again is pointless: the event itself is broken. */
export function isUnusable(error: unknown): boolean {
  return error instanceof BanyanError && error.reason === 'UNUSABLE_EVENT'
}

/** The data of an older version, brought up to date. */
function upcast(event: EventShape, type: string, data: unknown): unknown {
  const from = Number(type.slice(type.lastIndexOf('.v') + 2))
  return upcastData(event.upcast, from, event.major, data)
}

/** An event out of its envelope, fit for the handler. */
interface Opened {
  readonly delivered: DeliveredShape
  readonly parent: TraceParent | undefined
}

/** Compiles how envelopes of an event are opened; what cannot be opened is an UNUSABLE_EVENT. */
export function compileOpening(event: EventShape): (logged: LoggedEvent, attempt: number) => Opened {
  const border = createWireBorder(event.data, 'output')

  function open(logged: LoggedEvent, attempt: number): Opened {
    const envelope = fromEnvelope(logged.envelope)
    // What throws in here is told as an event that cannot be applied: an upcaster is pure, so it would throw again.
    const current = logged.type === event.wire ? envelope.data : upcast(event, logged.type, envelope.data)
    const data = border.copy(current)
    if (data === INVALID)
      throw unusable(logged, border.explain(current)[0]?.message ?? 'its data does not fit its schema')
    const { id, type, key, source } = logged
    const { causationid: causationId } = envelope
    const delivered = { id, type, key, source, timeMs: Date.parse(envelope.time), attempt, data, causationId }
    return { delivered, parent: parseTraceparent(envelope.traceparent) }
  }
  return (logged, attempt) => {
    try {
      return open(logged, attempt)
    } catch (error) {
      throw isUnusable(error) ? error : unusable(logged, (error as Error).message)
    }
  }
}

/** Compiles the delivery of one subscription. */
export function compileDelivery(service: ServiceRuntime, store: Store, subscription: SubscriptionShape): Delivery {
  const { event, handle } = subscription
  const { clock, random } = service.environment
  const open = compileOpening(event)
  const work: Work = { kind: 'delivery', wire: event.wire }

  async function run(
    given: DeliveredShape | readonly DeliveredShape[],
    trace: Trace,
    delivery: DeliveryMark | readonly DeliveryMark[],
    signal: AbortSignal,
  ): Promise<void> {
    const startMs = clock.monotonic()
    const frame = new EntryFrame(event.contract, trace, startMs + deliveryTimeoutMs, { signal })
    const span = trace.sampled ? new Span(trace, undefined, event.wire, service.name, startMs) : undefined
    const ctx = new CallContext(service, work, frame, frame.dueMs, span, undefined)
    ctx.delivery = delivery
    let status = 'OK'
    try {
      await handle(given, ctx)
      if (!ctx.committed) await store.transact(async () => {}, { delivery, signal })
    } catch (error) {
      status = error instanceof BanyanError ? error.code : 'INTERNAL'
      throw error
    } finally {
      if (span !== undefined) {
        span.endMs = clock.monotonic()
        span.status = status
        service.spans.add(span)
      }
      ctx.stop(cancelled(event.wire))
    }
  }

  return {
    async one(logged, attempt, mark, signal) {
      const { delivered, parent } = open(logged, attempt)
      await run(delivered, new Trace(random, parent?.sampled ?? false, parent), mark, signal)
    },
    async batch(logged, attempt, marks, signal) {
      const opened = logged.map((one) => open(one, attempt))
      // A batch has many parents, hence a trace of its own, unless it has one event.
      const parent = opened.length === 1 ? opened[0]?.parent : undefined
      const sampled = opened.some((one) => one.parent?.sampled === true)
      await run(
        opened.map((one) => one.delivered),
        new Trace(random, sampled, parent),
        marks,
        signal,
      )
    },
  }
}
