/** An outbox that is a list: what it holds is known, so what a log must hold in the end is known too. */
import type { NewEvent, Outbox, OutboxCursor } from 'banyan/store'

/** The event at a place of the list, the same in every process; keys go round robin. */
export function eventAt(place: number, keys = 7): NewEvent {
  const id = `01900000-0000-7000-8000-${place.toString(16).padStart(12, '0')}`
  const key = `k${place % keys}`
  const type = 'orders.placed.v1'
  const envelope = JSON.stringify({
    specversion: '1.0',
    id,
    source: '/test/orders',
    type,
    subject: key,
    time: '2026-01-01T00:00:00Z',
    data: { label: `${place}` },
  })
  return { id, type, key, envelope }
}

/** Events of places from `from` up to, not including, `to`. */
export function eventsOf(from: number, to: number): NewEvent[] {
  return Array.from({ length: to - from }, (_, index) => eventAt(from + index))
}

/** Everything before this place was read. */
export function cursorAt(place: number): OutboxCursor {
  return { cluster: 'list', previous: '0', current: '0', lastId: `${place}` }
}

/** The places of events, in the order given. */
export function placesOf(events: readonly { readonly envelope: string }[]): number[] {
  return events.map(({ envelope }) => Number((JSON.parse(envelope) as { data: { label: string } }).data.label))
}

/** An outbox of so many events, all committed. */
export function createListOutbox(size: number): Outbox {
  return {
    async read(cursor, limit) {
      const from = Number(cursor?.lastId ?? 0)
      const to = Math.min(size, from + limit)
      return { events: eventsOf(from, to), cursor: cursorAt(to), more: to < size }
    },
    trim: async () => 0,
    onCommit: () => () => undefined,
    depth: async () => size,
  }
}
