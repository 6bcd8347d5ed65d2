/** One delivery: the envelope opened and checked, the handler run, the mark written with its effects or alone. */

import type { LoggedEvent } from '../bus/bus.ts'
import { fromEnvelope } from '../bus/envelope.ts'
import { createWireBorder } from '../contract/border.ts'
import { upcastData } from '../contract/upcast.ts'
import { BanyanError } from '../core/error.ts'
import { INVALID } from '../schema/index.ts'
import type { DeliveryMark } from '../store/inbox.ts'
import type { Store } from '../store/store.ts'
import { Span, Trace } from '../telemetry/trace.ts'
import { parseTraceparent } from '../telemetry/trace-context.ts'
import { CallContext } from './call-context.ts'
import { EntryFrame } from './frame.ts'
import { cancelled } from './refusals.ts'
import type { ServiceRuntime } from './service-runtime.ts'
import type { EventShape, SubscriptionShape, Work } from './shapes.ts'

/** Applies one event; resolves when it is applied, rejects when it is to be tried again (or parked). */
export type Deliver = (event: LoggedEvent, attempt: number, mark: DeliveryMark, signal: AbortSignal) => Promise<void>

/** Time one attempt has, in milliseconds. */
export const deliveryTimeoutMs = 60_000

/** An event that can never be applied, however often it is tried. */
export function unusable(event: LoggedEvent, why: string): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', `event ${event.id} (${event.type}) cannot be applied: ${why}`, {
    reason: 'UNUSABLE_EVENT',
  })
}

/** Errors after which trying again is pointless: the event itself is broken. */
export function isTerminal(error: unknown): boolean {
  return error instanceof BanyanError && error.reason === 'UNUSABLE_EVENT'
}

/** The data of an older version, brought up to date. */
function upcast(event: EventShape, type: string, data: unknown): unknown {
  const from = Number(type.slice(type.lastIndexOf('.v') + 2))
  return upcastData(event.upcast, from, event.major, data)
}

/** Compiles the delivery of one subscription. */
export function compileDelivery(service: ServiceRuntime, store: Store, subscription: SubscriptionShape): Deliver {
  const { event, handle } = subscription
  const { clock, random } = service.environment
  const border = createWireBorder(event.data, 'output')
  const work: Work = { kind: 'delivery', wire: event.wire }

  function open(logged: LoggedEvent): {
    readonly data: unknown
    readonly timeMs: number
    readonly traceparent: string | undefined
  } {
    const envelope = fromEnvelope(logged.envelope)
    // What throws in here is told as an event that cannot be applied: an upcaster is pure, so it would throw again.
    const current = logged.type === event.wire ? envelope.data : upcast(event, logged.type, envelope.data)
    const data = border.copy(current)
    if (data === INVALID)
      throw unusable(logged, border.explain(current)[0]?.message ?? 'its data does not fit its schema')
    return { data, timeMs: Date.parse(envelope.time), traceparent: envelope.traceparent }
  }

  return async (logged, attempt, mark, signal) => {
    let opened: ReturnType<typeof open>
    try {
      opened = open(logged)
    } catch (error) {
      throw isTerminal(error) ? error : unusable(logged, (error as Error).message)
    }
    const parent = parseTraceparent(opened.traceparent)
    const trace = new Trace(random, parent?.sampled ?? false, parent)
    const startMs = clock.monotonic()
    const frame = new EntryFrame(logged.source, trace, startMs + deliveryTimeoutMs, { signal })
    const span = trace.sampled ? new Span(trace, undefined, event.wire, service.name, startMs) : undefined
    const ctx = new CallContext(service, work, frame, frame.dueMs, span, undefined)
    ctx.delivery = mark
    let status = 'OK'
    try {
      const { id, type, key, source } = logged
      await handle({ id, type, key, source, timeMs: opened.timeMs, attempt, data: opened.data }, ctx)
      if (!ctx.committed) await store.transact(async () => {}, { delivery: mark, signal })
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
}
