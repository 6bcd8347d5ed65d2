/**
 * The beginning of a version when the log no longer has its own: the producer's state, page by page, and then the log.
 *
 * The log's end is asked before the first page. What was published up to there is in the pages, for they are read later and
 * from the producer's own database; what came after is read from the log. Between the two both may have it, in any order,
 * and so the handler compares versions (see replicate.ts). The consumer's group is placed at that end last of all: a host that
 * dies before leaves no group, and the next one begins anew, over the rows that are there.
 */
import { BanyanError } from '../core/error.ts'
import { projectionGroup } from '../store/projections.ts'
import type { ProjectedEvent, Projection } from './define-projection.ts'
import type { ProjectionHost } from './feed.ts'
import { createApply } from './runs.ts'
import type { ReadSnapshot } from './snapshot-source.ts'
import type { ProjectionTarget } from './target.ts'

/** Pages of one snapshot, at most. */
export const maxSnapshotPages = 100_000
/** For long enough to be released again. */
const claimMs = 10_000

/** Fills the version from the producer's state and places its group where the log ended before. */
export async function takeSnapshot(
  host: ProjectionHost,
  projection: Projection,
  target: ProjectionTarget<never, unknown>,
): Promise<void> {
  const { bus, store } = host
  const [handler] = projection.handlers as [Projection['handlers'][number]]
  const source = handler.event.contract
  const end = await bus.end(source)
  const applyEvents = createApply(projection)
  let cursor: string | undefined
  for (let page = 0; page < maxSnapshotPages; page += 1) {
    const { items, nextCursor } = await (projection.snapshot as ReadSnapshot)(cursor, host.call)
    const events = items.map((data) => toEvent(host, handler.event, data))
    const step = { source, lane: '', epoch: 0, offset: 0 }
    await store.transact((tx) => target.apply(projection, step, tx, (inner) => applyEvents(events, inner)))
    cursor = nextCursor
    if (cursor === undefined) return placeGroup(host, projection, source, end)
  }
  throw new BanyanError('RESOURCE_EXHAUSTED', `the snapshot of '${source}' has more than ${maxSnapshotPages} pages`, {
    reason: 'SNAPSHOT_TOO_LONG',
    hint: 'Do its cursors go in circles?',
  })
}

function toEvent(host: ProjectionHost, event: Projection['handlers'][number]['event'], data: unknown): ProjectedEvent {
  const key = String((data as Readonly<Record<string, unknown>>)[event.key])
  return { id: 'snapshot', type: event.wire, data, key, source: event.contract, timeMs: host.environment.clock.now() }
}

async function placeGroup(
  { store, holder }: ProjectionHost,
  of: Projection,
  source: string,
  end: number,
): Promise<void> {
  const { inbox } = store
  const assignment = await inbox.claim(projectionGroup(of), source, holder, claimMs, end)
  if (assignment !== undefined) await inbox.release(assignment)
}
