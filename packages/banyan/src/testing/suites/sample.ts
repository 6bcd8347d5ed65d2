/** Events, marks and pages for the contract suites. */
import { createUuidv7 } from '../../core/environment/random.ts'
import type { Assignment, DeliveryMark } from '../../store/inbox.ts'
import type { NewEvent, Outbox, OutboxCursor } from '../../store/outbox.ts'

let made = 0
const nextId = createUuidv7(
  () => 1_767_225_600_000 + made,
  (length) => Uint8Array.from({ length }, (_, index) => (made * 31 + index * 7) & 0xff),
)

/** A new event; `label` comes back from {@link labels}. */
export function sampleEvent(label: string, key = 'key-1'): NewEvent {
  made += 1
  const id = nextId()
  const type = 'sample.happened.v1'
  const envelope = JSON.stringify({
    specversion: '1.0',
    id,
    source: '/suite/sample',
    type,
    subject: key,
    data: { label },
  })
  return { id, type, key, envelope }
}

/** The labels of events, in order. */
export function labels(events: readonly { readonly envelope: string }[]): string[] {
  return events.map((event) => (JSON.parse(event.envelope) as { data: { label: string } }).data.label)
}

/** The mark of delivering an event at an offset under an assignment. */
export function markOf(assignment: Assignment, event: NewEvent, offset: number): DeliveryMark {
  const { group, source, epoch } = assignment
  return { group, source, epoch, eventId: event.id, offset, key: event.key }
}

/** Reads an outbox to its end, through cursors that went through JSON as stored ones do. */
export async function readAll(
  outbox: Outbox,
  from?: OutboxCursor,
  limit = 100,
): Promise<{ readonly events: NewEvent[]; readonly cursor: OutboxCursor }> {
  const events: NewEvent[] = []
  let cursor = from
  for (let pages = 0; pages < 1_000; pages++) {
    const page = await outbox.read(cursor, limit)
    events.push(...page.events)
    cursor = JSON.parse(JSON.stringify(page.cursor)) as OutboxCursor
    if (!page.more) return { events, cursor }
  }
  throw new Error('the outbox still says `more` after 1000 pages')
}

/** What a promise was rejected with; undefined when it was not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** A gate that a test opens. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

/** What must be there. */
export function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('expected something, got undefined')
  return value
}
