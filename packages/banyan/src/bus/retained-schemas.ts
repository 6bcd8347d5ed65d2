/**
 * Which schemas the events in the log were written by: what a new schema must still be able to read. A version that retention has
 * dropped forbids nothing any more, and one that lies there counts however old it is.
 */
import type { Bus } from './bus.ts'

/** The schemas of the events of a type that are still in the log; undefined when nobody can say. */
export type RetainedSchemas = (type: string) => Promise<readonly string[] | undefined>

/** Names of events in the log: `<contract>.<event>.v<major>`. */
const eventType = /^([a-z][a-z0-9-]*)\.[A-Za-z][A-Za-z0-9]*\.v\d+$/

/**
 * Asks the log. Undefined for what is no type of an event, for a source that it does not know, and for a log that does not
 * know what it keeps: whoever asks must then take every version to be there.
 *
 * @example
 * const retained = retainedSchemas(bus)
 * await retained('nobody.spoke.v1') // undefined
 */
export function retainedSchemas(bus: Pick<Bus, 'keeping'>): RetainedSchemas {
  return async (type) => {
    const source = eventType.exec(type)?.[1]
    if (source === undefined) return undefined
    return bus.keeping?.schemas?.(source, type)
  }
}

/** The `dataschema` of an envelope, without opening the rest of it; undefined when it has none. */
export function dataSchemaIn(envelope: string): string | undefined {
  try {
    const { dataschema } = JSON.parse(envelope) as { readonly dataschema?: unknown }
    return typeof dataschema === 'string' ? dataschema : undefined
  } catch {
    return undefined
  }
}
