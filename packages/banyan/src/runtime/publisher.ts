/** How a service's event becomes a row of its outbox: validated, wrapped as a CloudEvent, with trace and cause. */
import { toNewEvent } from '../bus/envelope.ts'
import { createServiceBorder } from '../contract/border.ts'
import { tagOfType } from '../projection/position.ts'
import { formatTraceparent } from '../telemetry/trace-context.ts'
import { dataSchemaOf } from './schema-gate.ts'
import type { EventOrigin, Publisher, ServiceScope } from './service-scope.ts'
import type { EventShape } from './shapes.ts'

/** Compiles the publisher of an event. */
export function createPublisher(
  system: string,
  service: Pick<ServiceScope, 'name' | 'environment'>,
  event: EventShape,
): Publisher {
  const { clock, random } = service.environment
  const dataSchema = dataSchemaOf(event.data)
  return {
    border: createServiceBorder(event.data),
    tag: tagOfType(event.wire),
    toEvent(data, origin, id = random.uuidv7()) {
      return toNewEvent({
        id,
        system,
        service: service.name,
        type: event.wire,
        key: String(data[event.key]),
        timeMs: clock.now(),
        data,
        dataSchema,
        traceparent: formatTraceparent(origin.trace),
        tracestate: origin.tracing.state,
        causationId: causeOf(origin.delivery),
      })
    },
  }
}

/** The event that is being handled; a batch has no one cause. */
export function causeOf(delivery: EventOrigin['delivery']): string | undefined {
  if (delivery === undefined) return undefined
  if ('eventId' in delivery) return delivery.eventId
  return delivery.length === 1 ? delivery[0]?.eventId : undefined
}
