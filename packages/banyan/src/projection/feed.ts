/**
 * What feeds one version of a projection: a consumer for each source, in the version's own group. The transaction that the mark
 * opens is the one in which the target writes.
 */
import type { Bus, LoggedEvent } from '../bus/bus.ts'
import { type Consumer, createConsumer } from '../bus/consumer.ts'
import type { OperatorLog } from '../bus/operator-log.ts'
import type { Environment } from '../core/environment/environment.ts'
import type { DeliveryMark } from '../store/inbox.ts'
import { projectionGroup } from '../store/projections.ts'
import type { Store } from '../store/store.ts'
import { type ProjectedEvent, type Projection, sourcesOf } from './define-projection.ts'
import { withLanes, withRead } from './lanes.ts'
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

interface Step {
  readonly open: OpenEvent
  readonly handle: (event: ProjectedEvent, tx: never) => unknown
}

/** Makes the consumers of a version; `onApplied` is told after each commit. Nothing runs until each is started. */
export function createFeed(
  host: ProjectionHost,
  projection: Projection,
  target: ProjectionTarget<never, unknown>,
  onApplied: (eventIds: readonly string[]) => void,
): readonly Consumer[] {
  const { store } = host
  const steps = toSteps(host, projection)
  const lanes = projection.order === 'total' ? 1 : projection.target.lanes
  const log = projection.mode === 'inline' ? withoutMarked(host, projectionGroup(projection)) : host.bus
  const bus = lanes === undefined ? log : withLanes(log, lanes)

  async function apply(
    events: readonly LoggedEvent[],
    marks: readonly DeliveryMark[],
    signal: AbortSignal,
  ): Promise<void> {
    // Before the transaction begins: what can never be applied must not roll anything back.
    const opened = events.map((event) => (steps.get(event.type) as Step).open(event))
    const delivery = marks.length === 1 ? (marks[0] as DeliveryMark) : marks
    await store.transact((tx) => applyLanes({ target, projection, steps, events, opened, marks, tx }), {
      delivery,
      signal,
    })
    onApplied(events.map(({ id }) => id))
  }

  return sourcesOf(projection).map((source) =>
    createConsumer({
      environment: host.environment,
      group: projectionGroup(projection),
      source,
      inbox: store.inbox,
      bus,
      holder: host.holder,
      subscriptions: new Set(steps.keys()),
      concurrency: lanes === undefined ? projection.concurrency : Math.min(lanes, projection.concurrency),
      handle: (event, _attempt, mark, signal) => apply([event], [mark], signal),
      handleBatch: (events, _attempt, marks, signal) => apply(events, marks, signal),
      policyOf: () => ({ batch: { size: projection.batch, waitMs: 0 } }),
      isTerminal: host.isTerminal,
      log: host.log,
    }),
  )
}

/** The log without what transactions have applied inline: it is shown under a type that nobody handles, and so is passed over. */
function withoutMarked({ bus, store }: ProjectionHost, group: string): Bus {
  return withRead(bus, async (...asked) => {
    const events = await bus.read(...asked)
    if (events.length === 0) return events
    const marked = await store.inbox.marked(
      group,
      events.map(({ id }) => id),
    )
    return events.map((event) => (marked.has(event.id) ? { ...event, type: 'applied-inline' } : event))
  })
}

function toSteps(host: ProjectionHost, { handlers }: Projection): ReadonlyMap<string, Step> {
  const steps = new Map<string, Step>()
  for (const { event, handle } of handlers) {
    const step = { open: host.opener(event), handle: handle as Step['handle'] }
    for (const type of host.typesOf(event)) steps.set(type, step)
  }
  return steps
}

interface Applying {
  readonly target: ProjectionTarget<never, unknown>
  readonly projection: Projection
  readonly steps: ReadonlyMap<string, Step>
  readonly events: readonly LoggedEvent[]
  readonly opened: readonly ProjectedEvent[]
  readonly marks: readonly DeliveryMark[]
  readonly tx: Parameters<Parameters<Store['transact']>[0]>[0]
}

/** One step of the target for each lane that the events are of, in their order. */
async function applyLanes({ target, projection, steps, events, opened, marks, tx }: Applying): Promise<void> {
  const lanes = new Map<string, number[]>()
  for (const [index, mark] of marks.entries()) {
    const lane = projection.target.lanes === undefined ? '' : mark.key
    lanes.set(lane, [...(lanes.get(lane) ?? []), index])
  }
  for (const [lane, indexes] of lanes) {
    const last = marks[indexes.at(-1) as number] as DeliveryMark
    const step = { source: last.source, lane, epoch: last.epoch, offset: last.offset }
    await target.apply(projection, step, tx, async (inner, after) => {
      for (const index of indexes) {
        const { type, offset } = events[index] as LoggedEvent
        if (offset <= after) continue
        await (steps.get(type) as Step).handle(opened[index] as ProjectedEvent, inner)
      }
    })
  }
}
