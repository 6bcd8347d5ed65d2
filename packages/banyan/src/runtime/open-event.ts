/** Reading an event of the log for a projection: the envelope opened, older versions brought up to date, the data checked. */
import type { LoggedEvent } from '../bus/bus.ts'
import { fromEnvelope } from '../bus/envelope.ts'
import { parseEventTime } from '../bus/event-time.ts'
import { createWireBorder } from '../contract/border.ts'
import { upcastData, upcastMajors } from '../contract/upcast.ts'
import type { ProjectedEvent } from '../projection/define-projection.ts'
import { INVALID } from '../schema/index.ts'
import { isUnusable, unusable } from './delivery.ts'
import type { EventShape } from './shapes.ts'

/** The types in the log that an event is read from: its own, and the older ones that it knows to bring up to date. */
export function typesOf({ contract, name, wire, upcast }: EventShape): readonly string[] {
  return [wire, ...upcastMajors(upcast).map((major) => `${contract}.${name}.v${major}`)]
}

/** Compiles the reading of one event. Throws `UNUSABLE_EVENT` for one that can never be applied. */
export function createOpener(event: EventShape): (logged: LoggedEvent) => ProjectedEvent {
  const border = createWireBorder(event.data, 'output')

  function toData(type: string, given: unknown): unknown {
    if (type === event.wire) return given
    return upcastData(event.upcast, Number(type.slice(type.lastIndexOf('.v') + 2)), event.major, given)
  }
  function open(logged: LoggedEvent): ProjectedEvent {
    const envelope = fromEnvelope(logged.envelope)
    const current = toData(logged.type, envelope.data)
    const data = border.copy(current)
    if (data === INVALID)
      throw unusable(logged, border.explain(current)[0]?.message ?? 'its data does not fit its schema')
    const { id, source } = logged
    return { id, type: event.wire, key: envelope.partitionkey, source, timeMs: parseEventTime(envelope.time), data }
  }
  return (logged) => {
    try {
      return open(logged)
    } catch (error) {
      throw isUnusable(error) ? error : unusable(logged, (error as Error).message)
    }
  }
}
