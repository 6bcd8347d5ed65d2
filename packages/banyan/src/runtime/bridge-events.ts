/** How facts from outside become events of a service: its own ones only, by their contract, in an envelope like any other. */
import { toNewEvent } from '../bus/envelope.ts'
import { type AnyEvent, eventsOf } from '../contract/define-contract.ts'
import { BanyanError } from '../core/error.ts'
import { INVALID } from '../schema/index.ts'
import type { BridgeHost } from './bridge.ts'
import { foreignEvent } from './refusals.ts'
import { dataSchemaOf } from './schema-gate.ts'
import type { ServiceRuntime } from './service-runtime.ts'
import type { EventShape } from './shapes.ts'

/** The part of a bridge's host that is about events. */
export function createBridgeEvents(service: ServiceRuntime): Pick<BridgeHost, 'toEvent' | 'eventOf'> {
  const { name, system, definition } = service
  const schemas = new Map<string, string>()
  const byType = new Map(eventsOf(definition.contract as never).map((event) => [(event as AnyEvent).wire, event]))

  function schemaOf(event: EventShape): string {
    const known = schemas.get(event.wire) ?? dataSchemaOf(event.data)
    schemas.set(event.wire, known)
    return known
  }

  return {
    eventOf: (type) => byType.get(type),
    toEvent(given, data, facts) {
      const event = given as unknown as EventShape
      const publisher = service.publisherOf(event)
      if (publisher === undefined) throw foreignEvent(name, event)
      const copy = publisher.border.copy(data)
      if (copy === INVALID) throw invalidData(event, publisher.border.explain(data)[0])
      const checked = copy as Readonly<Record<string, unknown>>
      const key = String(checked[event.key])
      return toNewEvent({
        ...facts,
        system,
        service: name,
        type: event.wire,
        key,
        data: checked,
        dataSchema: schemaOf(event),
      })
    },
  }
}

function invalidData(
  { wire }: EventShape,
  issue: { readonly path?: string; readonly message?: string } | undefined,
): BanyanError {
  const why = `${issue?.path ?? ''}: ${issue?.message ?? 'it does not fit its schema'}`
  return new BanyanError('INVALID_ARGUMENT', `the data of ${wire} does not fit its schema: ${why}`, {
    reason: 'INVALID_EVENT',
  })
}
