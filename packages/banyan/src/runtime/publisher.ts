/** How a service's event becomes a row of its outbox: validated, wrapped as a CloudEvent, with trace and cause. */
import { toNewEvent } from '../bus/envelope.ts'
import type { NewEvent } from '../store/outbox.ts'
import { formatTraceparent } from '../telemetry/trace-context.ts'
import { type Border, createServiceBorder } from './border.ts'
import type { CallContext } from './call-context.ts'
import type { ServiceRuntime } from './service-runtime.ts'
import type { EventShape } from './shapes.ts'

/** Publishes one event of one service. */
export interface Publisher {
  readonly border: Border
  /** From data that passed the border. */
  toEvent(data: Readonly<Record<string, unknown>>, ctx: CallContext): NewEvent
}

/** Compiles the publisher of an event. */
export function createPublisher(service: ServiceRuntime, event: EventShape): Publisher {
  const { clock, random } = service.environment
  return {
    border: createServiceBorder(event.data),
    toEvent(data, ctx) {
      return toNewEvent({
        id: random.uuidv7(),
        system: service.system,
        service: service.name,
        type: event.wire,
        key: String(data[event.key]),
        timeMs: clock.now(),
        data,
        traceparent: formatTraceparent(ctx.trace),
        tracestate: ctx.tracing.state,
        causationId: ctx.delivery?.eventId,
      })
    },
  }
}
