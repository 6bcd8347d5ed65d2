/**
 * The readers' side of a projection: which version they see, and the wait for their own writes.
 *
 * The live version is looked up in the books at most once a second and host; a swap made by another host is therefore seen up to
 * a second late, which does no harm: the old version stands for a day. Who waits for a position asks again each time, since the
 * version it began to wait for may no longer be fed.
 */
import type { Timers } from '../core/environment/timers.ts'
import { BanyanError, fromAbort } from '../core/error.ts'
import { compareVersions, type ProjectionVersion, projectionGroup } from '../store/projections.ts'
import type { AppliedSignals } from './applied.ts'
import type { ProjectionHost } from './feed.ts'
import { type Position, tagOfType } from './position.ts'
import type { RunningVersion } from './version.ts'

/** How to read. */
export interface ReadHow {
  /** What must be in what is read. */
  readonly position?: Position | undefined
  /** How long to wait for it. Default 2 000 ms. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ProjectionReader {
  read(how: ReadHow): Promise<object>
  waitFor(position: Position, how: Omit<ReadHow, 'position'>): Promise<void>
  /** The live version has changed. */
  forget(): void
}

/** How long to wait for a position when nothing is said, in milliseconds. */
export const defaultWaitMs = 2_000
/** Readers that may wait at a time, for one projection on one host; more are refused. */
export const maxWaiters = 1_000
const liveCacheMs = 1_000
const firstPollMs = 5
const maxPollMs = 100

export function createReader(
  host: ProjectionHost,
  versions: () => readonly RunningVersion[],
  applied: AppliedSignals,
): ProjectionReader {
  const { environment, store } = host
  const { clock } = environment
  const [newest] = versions() as readonly [RunningVersion]
  const { name } = newest.projection
  const tags = new Set(
    newest.projection.handlers.flatMap(({ event }) => host.typesOf(event)).map((type) => tagOfType(type)),
  )
  const live = createLiveVersion(host, newest)
  let waiting = 0

  async function has(of: ProjectionVersion, ids: readonly string[]): Promise<boolean> {
    const marked = await store.inbox.marked(projectionGroup(of), ids)
    return ids.every((id) => marked.has(id))
  }
  /** The version that has all of these events; rejects when none has them in time. */
  async function reach(
    ids: readonly string[],
    { timeoutMs = defaultWaitMs, signal }: ReadHow,
  ): Promise<ProjectionVersion> {
    const dueMs = clock.monotonic() + timeoutMs
    for (let pollMs = firstPollMs; ; pollMs = Math.min(pollMs * 2, maxPollMs)) {
      if (signal?.aborted) throw fromAbort(signal.reason)
      const version = await live.find(true)
      if (await has(version, ids)) return version
      const leftMs = dueMs - clock.monotonic()
      if (leftMs <= 0) throw notReached(name, timeoutMs)
      await untilApplied(environment.timers, applied, ids, Math.min(pollMs, leftMs))
    }
  }
  async function versionFor(how: ReadHow): Promise<ProjectionVersion> {
    const ids = (how.position ?? [])
      .filter(({ source, tag }) => newest.sources.includes(source) && tags.has(tag))
      .map(({ id }) => id)
    if (ids.length === 0) return live.find(false)
    if (waiting >= maxWaiters) throw tooManyWaiters(name)
    waiting += 1
    try {
      return await reach(ids, how)
    } finally {
      waiting -= 1
    }
  }

  return {
    async read(how) {
      const of = await versionFor(how)
      const all = versions()
      const known = all.find(({ projection }) => compareVersions(projection, of) === 0)
      // A target knows all versions; what is live may be of another program than this one.
      const target = known?.target ?? all.find((one) => one.target !== undefined)?.target
      if (target === undefined) throw building(newest)
      return Object.assign(target.view(of) as object, { version: of.version })
    },
    async waitFor(position, how) {
      await versionFor({ ...how, position })
    },
    forget: live.forget,
  }
}

/** Until one of them was applied here, or the time is over. */
async function untilApplied(
  timers: Timers,
  applied: AppliedSignals,
  ids: readonly string[],
  ms: number,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = timers.after(ms, resolve)
  const unlisten = applied.listen(ids, resolve)
  await promise
  timer.cancel()
  unlisten()
}

/** The version that readers see, asked for at most once in a while. */
function createLiveVersion(
  { store, environment }: ProjectionHost,
  newest: RunningVersion,
): { find(fresh: boolean): Promise<ProjectionVersion>; forget(): void } {
  const { clock } = environment
  let cached: { readonly version: ProjectionVersion; readonly untilMs: number } | undefined
  return {
    async find(fresh) {
      if (!fresh && cached !== undefined && cached.untilMs > clock.monotonic()) return cached.version
      const version = await store.projections.live(newest.projection.name)
      if (version === undefined) throw building(newest)
      cached = { version, untilMs: clock.monotonic() + liveCacheMs }
      return version
    },
    forget() {
      cached = undefined
    },
  }
}

function building({ projection }: RunningVersion): BanyanError {
  return new BanyanError(
    'UNAVAILABLE',
    `projection '${projection.name}' is being built, and no version of it is live yet`,
    {
      reason: 'PROJECTION_BUILDING',
      retryable: true,
      retryAfterMs: 1_000,
    },
  )
}

function notReached(name: string, timeoutMs: number): BanyanError {
  const message = `projection '${name}' has not come to the given position within ${timeoutMs} ms`
  return new BanyanError('UNAVAILABLE', message, {
    reason: 'POSITION_NOT_REACHED',
    retryable: true,
    retryAfterMs: 1_000,
    hint: 'Ask again, or without the position if an older answer will do.',
  })
}

function tooManyWaiters(name: string): BanyanError {
  const message = `${maxWaiters} readers wait for projection '${name}' already (maxWaiters)`
  return new BanyanError('RESOURCE_EXHAUSTED', message, {
    reason: 'TOO_MANY_WAITERS',
    retryable: true,
    retryAfterMs: 1_000,
  })
}
