/**
 * What feeds one version of a projection: a consumer for each source, in the version's own group. The transaction that the mark
 * opens is the one in which the target writes. Far from the log's end it catches up first (catch-up.ts).
 */
import type { Bus, LoggedEvent } from '../bus/bus.ts'
import { type Consumer, createConsumer } from '../bus/consumer.ts'
import type { OperatorLog } from '../bus/operator-log.ts'
import type { Environment } from '../core/environment/environment.ts'
import type { DeliveryMark, Passage } from '../store/inbox.ts'
import { projectionGroup } from '../store/projections.ts'
import type { Store, StoreTransaction, TransactOptions } from '../store/store.ts'
import { CatchUp, type CatchUpMemory, maxStretch } from './catch-up.ts'
import { type ProjectedEvent, type Projection, sourcesOf } from './define-projection.ts'
import { withLanes, withRead } from './lanes.ts'
import { type ApplyEvents, createApply, orderedBy } from './runs.ts'
import type { SnapshotCall } from './snapshot-source.ts'
import type { ProjectionTarget } from './target.ts'

/** Reads an event of the log: validated, and up to date; throws for one that can never be applied. */
export type OpenEvent = (event: LoggedEvent) => ProjectedEvent

/** What the host gives every projection of a service. */
export interface ProjectionHost {
  readonly environment: Environment
  readonly service: string
  readonly store: Store
  readonly bus: Bus
  readonly holder: string
  readonly log: OperatorLog
  /** The types in the log that an event is read from: its own, and the older ones that it upcasts. */
  typesOf(event: Projection['handlers'][number]['event']): readonly string[]
  /** Compiles the reading of one event. */
  opener(event: Projection['handlers'][number]['event']): OpenEvent
  readonly isTerminal: (error: unknown) => boolean
  /** Calls another service, for snapshots of its state. */
  readonly call: SnapshotCall
}

/** What the parts of a feed share. */
interface Feeding {
  readonly host: ProjectionHost
  readonly projection: Projection
  readonly group: string
  readonly target: ProjectionTarget<never, unknown>
  /** How events are read, by their types in the log. */
  readonly openers: ReadonlyMap<string, OpenEvent>
  readonly applyEvents: ApplyEvents
  readonly onApplied: (eventIds: readonly string[]) => void
}

/** Makes the consumers of a version; `onApplied` is told after each commit. Nothing runs until each is started. */
export function createFeed(
  host: ProjectionHost,
  projection: Projection,
  target: ProjectionTarget<never, unknown>,
  onApplied: (eventIds: readonly string[]) => void,
): readonly Consumer[] {
  const feeding: Feeding = {
    host,
    projection,
    group: projectionGroup(projection),
    target,
    openers: toOpeners(host, projection),
    applyEvents: createApply(projection),
    onApplied,
  }
  return sourcesOf(projection).map((source) => createSourceFeed(feeding, source))
}

function createSourceFeed(feeding: Feeding, source: string): Consumer {
  const { host, projection, group, openers } = feeding
  const { inbox } = host.store
  const memory: CatchUpMemory = { passed: '', size: maxStretch }
  const lanes = projection.order === 'total' ? 1 : projection.target.lanes
  const log = withoutApplied(host.bus, (events) => findApplied(feeding, memory, events))
  return createConsumer({
    environment: host.environment,
    group,
    source,
    inbox,
    bus: lanes === undefined ? log : withLanes(log, lanes),
    holder: host.holder,
    subscriptions: openers,
    concurrency: lanes === undefined ? projection.concurrency : Math.min(lanes, projection.concurrency),
    handle: (event, _attempt, mark, signal) => deliver(feeding, [event], [mark], signal),
    handleBatch: (events, _attempt, marks, signal) => deliver(feeding, events, marks, signal),
    policyOf: () => ({ batch: { size: projection.batch, waitMs: 0 } }),
    isTerminal: host.isTerminal,
    log: host.log,
    prelude: (under) =>
      new CatchUp(
        // In the true order, with the true keys, and judged by itself.
        { ...under, options: { ...under.options, bus: host.bus } },
        {
          memory,
          types: openers,
          may: () => mayCatchUp(feeding, source),
          apply: (events, passage, signal) => pass(feeding, events, passage, signal),
        },
      ),
  })
}

/** Whether a version may catch up on a source by passages, by the books as they are under the assignment. */
async function mayCatchUp({ host, projection, group }: Feeding, source: string): Promise<'yes' | 'no' | 'gone'> {
  const { inbox, projections } = host.store
  const record = (await projections.list()).find((one) => projectionGroup(one) === group)
  if (record === undefined || record.phase === 'dropped') return 'gone'
  // Rows elsewhere have cursors of their own.
  if (projection.target.lanes !== undefined) return 'no'
  // Once it is kept inline, others write marks for it.
  if (projection.mode === 'inline' && record.phase !== 'building') return 'no'
  // What follows a parked event has to be parked.
  return (await inbox.parkedKeys(group, source)).size > 0 ? 'no' : 'yes'
}

/** Which of a page were applied in a way that a consumer would not notice: by transactions that publish, or by passages. */
async function findApplied(
  { host, projection, group }: Feeding,
  { passed }: CatchUpMemory,
  events: readonly LoggedEvent[],
): Promise<ReadonlySet<string>> {
  const doubtful = projection.mode === 'inline' ? events : events.filter(({ id }) => id <= passed)
  if (doubtful.length === 0) return none
  return host.store.inbox.marked(
    group,
    doubtful.map(({ id }) => id),
  )
}

const none: ReadonlySet<string> = new Set()

/** The log without what was applied: it is shown under a type that nobody handles, and so is passed over. */
function withoutApplied(bus: Bus, find: (events: readonly LoggedEvent[]) => Promise<ReadonlySet<string>>): Bus {
  return withRead(bus, async (...asked) => {
    const events = await bus.read(...asked)
    const applied = await find(events)
    if (applied.size === 0) return events
    return events.map((event) => (applied.has(event.id) ? { ...event, type: 'applied-already' } : event))
  })
}

function toOpeners(host: ProjectionHost, { handlers }: Projection): ReadonlyMap<string, OpenEvent> {
  const openers = new Map<string, OpenEvent>()
  for (const { event } of handlers) {
    const open = host.opener(event)
    for (const type of host.typesOf(event)) openers.set(type, open)
  }
  return openers
}

/** Reads events before their transaction begins: what can never be applied must not roll anything back. */
function openAll({ openers }: Feeding, events: readonly LoggedEvent[]): readonly ProjectedEvent[] {
  return events.map((event) => (openers.get(event.type) as OpenEvent)(event))
}

async function inTransaction(
  { host, onApplied }: Feeding,
  events: readonly LoggedEvent[],
  options: TransactOptions,
  work: (tx: StoreTransaction) => Promise<void>,
): Promise<void> {
  await host.store.transact(work, options)
  onApplied(events.map(({ id }) => id))
}

/** Applies a stretch of the log, and the low-water mark with it. */
async function pass(
  feeding: Feeding,
  events: readonly LoggedEvent[],
  passage: Passage,
  signal: AbortSignal,
): Promise<void> {
  const { target, projection, applyEvents } = feeding
  const opened = openAll(feeding, events)
  const step = { source: passage.source, lane: '', epoch: passage.epoch, offset: passage.upTo }
  await inTransaction(feeding, events, { passage, signal }, async (tx) => {
    if (opened.length > 0) await target.apply(projection, step, tx, (inner) => applyEvents(opened, inner))
  })
}

/** Applies events that were delivered, each with its mark. */
async function deliver(
  feeding: Feeding,
  events: readonly LoggedEvent[],
  marks: readonly DeliveryMark[],
  signal: AbortSignal,
): Promise<void> {
  const opened = openAll(feeding, events)
  const delivery = marks.length === 1 ? (marks[0] as DeliveryMark) : marks
  await inTransaction(feeding, events, { delivery, signal }, async (tx) => {
    await awaitPublishers(feeding, opened, tx)
    await applyLanes(feeding, opened, marks, tx)
  })
}

/** What is kept inline is applied by transactions that publish, too: one at a time for each key. */
async function awaitPublishers(
  { host, projection }: Feeding,
  events: readonly ProjectedEvent[],
  tx: StoreTransaction,
): Promise<void> {
  const [first] = events
  if (projection.mode !== 'inline' || first === undefined) return
  const keys = orderedBy(projection, events)
  await host.store.projections.lockKeys(tx, projection, { source: first.source, keys })
}

/** One step of the target for each lane that the events are of, in their order. */
async function applyLanes(
  { target, projection, applyEvents }: Feeding,
  opened: readonly ProjectedEvent[],
  marks: readonly DeliveryMark[],
  tx: StoreTransaction,
): Promise<void> {
  for (const [lane, indexes] of lanesOf(projection, marks)) {
    const last = marks[indexes.at(-1) as number] as DeliveryMark
    const step = { source: last.source, lane, epoch: last.epoch, offset: last.offset }
    await target.apply(projection, step, tx, async (inner, after) => {
      const left = indexes.filter((index) => (marks[index] as DeliveryMark).offset > after)
      await applyEvents(
        left.map((index) => opened[index] as ProjectedEvent),
        inner,
      )
    })
  }
}

function lanesOf({ target }: Projection, marks: readonly DeliveryMark[]): ReadonlyMap<string, readonly number[]> {
  const lanes = new Map<string, number[]>()
  for (const [index, mark] of marks.entries()) {
    const lane = target.lanes === undefined ? '' : mark.key
    const indexes = lanes.get(lane)
    if (indexes === undefined) lanes.set(lane, [index])
    else indexes.push(index)
  }
  return lanes
}
