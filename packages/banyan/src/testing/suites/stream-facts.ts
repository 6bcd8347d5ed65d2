/** Events of streams for the contract suites, and reading all of them. */
import type { EventStore, NewStreamEvent, StreamCursor, StreamEvent } from '../../store/event-store.ts'
import { sampleEvent } from './sample.ts'

/** A new event of a stream; `label` comes back as its data. */
export function sampleFact(label: string): NewStreamEvent {
  return { id: sampleEvent(label).id, type: 'happened', data: { label } }
}

/** The labels of a stream's events, in order. */
export function factLabels(events: readonly StreamEvent[]): string[] {
  return events.map((event) => (event.data as { label: string }).label)
}

/** Reads all streams to the end, through cursors that went through JSON as stored ones do. */
export async function readStreams(
  streams: EventStore,
  from?: StreamCursor,
  limit = 100,
): Promise<{ readonly events: StreamEvent[]; readonly cursor: StreamCursor }> {
  const events: StreamEvent[] = []
  let cursor = from
  for (let pages = 0; pages < 1_000; pages++) {
    const page = await streams.readAll(cursor, limit)
    events.push(...page.events)
    cursor = JSON.parse(JSON.stringify(page.cursor)) as StreamCursor
    if (!page.more) return { events, cursor }
  }
  throw new Error('the streams still say `more` after 1000 pages')
}
