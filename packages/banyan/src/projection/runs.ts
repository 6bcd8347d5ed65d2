/**
 * How the events of one transaction are handed to their handlers.
 *
 * A handler that takes events one by one gets them in the order of the log. As soon as one takes many at once, the events go in
 * runs of one type: as few as there can be without an event passing another one of its key. With the order of the whole source,
 * a run is what stands together in the log.
 */
import type { ProjectedEvent, Projection, ProjectionHandler } from './define-projection.ts'

/** The events of one type that are handed over together. */
interface Run {
  readonly type: string
  readonly events: ProjectedEvent[]
}

type Handle = (given: unknown, tx: unknown) => unknown

/** Applies the events of one transaction, in the order in which they are given. */
export type ApplyEvents = (events: readonly ProjectedEvent[], tx: unknown) => Promise<void>

/** In whose order these events are applied: one name for each key, or one for the whole source. */
export function orderedBy({ order }: Projection, events: readonly { readonly key: string }[]): readonly string[] {
  return order === 'total' ? [''] : [...new Set(events.map(({ key }) => key))]
}

/** Makes what applies events to a projection. */
export function createApply({ handlers, order }: Projection): ApplyEvents {
  const known = new Map(handlers.map((handler) => [handler.event.wire, handler]))
  const find = (type: string): ProjectionHandler => known.get(type) as ProjectionHandler
  if (!handlers.some(({ batch }) => batch))
    return async (events, tx) => {
      for (const event of events) await (find(event.type).handle as Handle)(event, tx)
    }
  return async (events, tx) => {
    for (const run of toRuns(events, order)) {
      const { batch, handle } = find(run.type)
      if (batch) await (handle as Handle)(run.events, tx)
      else for (const event of run.events) await (handle as Handle)(event, tx)
    }
  }
}

/**
 * The events in runs of one type. By key, each event stands one level above the last one of its key that is of another type; a
 * run has what is of one type and level, lower levels first.
 */
export function toRuns(events: readonly ProjectedEvent[], order: Projection['order']): readonly Run[] {
  const [first] = events
  if (first === undefined) return []
  if (events.every(({ type }) => type === first.type)) return [{ type: first.type, events: [...events] }]
  return order === 'total' ? toConsecutiveRuns(events) : toLevelledRuns(events)
}

function toConsecutiveRuns(events: readonly ProjectedEvent[]): readonly Run[] {
  const runs: Run[] = []
  for (const event of events) {
    const last = runs.at(-1)
    if (last?.type === event.type) last.events.push(event)
    else runs.push({ type: event.type, events: [event] })
  }
  return runs
}

function toLevelledRuns(events: readonly ProjectedEvent[]): readonly Run[] {
  const places = new Map<string, { readonly type: string; readonly level: number }>()
  const levels: Map<string, Run>[] = []
  for (const event of events) {
    const last = places.get(event.key)
    const level = last === undefined ? 0 : last.type === event.type ? last.level : last.level + 1
    if (last?.type !== event.type) places.set(event.key, { type: event.type, level })
    levels[level] ??= new Map()
    const runs = levels[level] as Map<string, Run>
    const run = runs.get(event.type)
    if (run === undefined) runs.set(event.type, { type: event.type, events: [event] })
    else run.events.push(event)
  }
  return levels.flatMap((runs) => [...runs.values()])
}
