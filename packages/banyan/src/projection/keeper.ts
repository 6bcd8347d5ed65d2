/**
 * Keeps one projection in one host: feeds the versions it has definitions of, swaps the newest in when it has caught up, drops
 * those that were live long enough ago, and answers readers.
 *
 * Any number of hosts may keep the same projection, with the same definition or other versions of it: feeding is fenced by the
 * versions' assignments, and everything else goes by the books in the database.
 */

import { isOutage } from '../bus/delivery-policy.ts'
import { toOneLine } from '../bus/operator-log.ts'
import { createWaits } from '../bus/waits.ts'
import type { StoreTransaction } from '../store/store.ts'
import { createAppliedSignals } from './applied.ts'
import type { ProjectedEvent, Projection } from './define-projection.ts'
import type { ProjectionHost } from './feed.ts'
import type { Position } from './position.ts'
import { createReader, type ProjectionReader, type ReadHow } from './reader.ts'
import { createSuccession } from './succession.ts'
import type { ProjectionStatus, RunningVersion } from './version.ts'
import { createVersionLine, type VersionLine } from './version-line.ts'

/** A projection that is kept. */
export interface ProjectionKeeper {
  readonly name: string
  /**
   * Enters the versions in the books and looks at them once, so that one that has nothing to catch up is live afterwards. Rejects
   * with what is wrong with a definition; what is only away is tried again later.
   */
  prepare(): Promise<void>
  start(): void
  /** Feeds no more. Calls that are under way still read. */
  stop(withinMs: number): Promise<void>
  /** Closes the targets; after the last call. */
  close(): Promise<void>
  /** What readers see now; waits for the position first. See `ctx.projection`. */
  read(how: ReadHow): Promise<object>
  /** Waits, bounded, until what readers see has the position. */
  waitFor(position: Position, how: Omit<ReadHow, 'position'>): Promise<void>
  /** Some version is kept inline, or is to be. */
  readonly inline: boolean
  /** Inside a transaction that publishes these events: applies them to the versions that are kept inline. */
  applyInline(tx: StoreTransaction, events: readonly ProjectedEvent[]): Promise<void>
  /** Newest first. */
  status(): readonly ProjectionStatus[]
}

/** How often a version is looked at, in milliseconds: while one is being built, and when all is quiet. */
const buildingMs = 500
const quietMs = 2_000

/** Makes the keeper of a projection (and of its `previous` ones). */
export function createKeeper(host: ProjectionHost, projection: Projection): ProjectionKeeper {
  const { environment, log } = host
  const waits = createWaits(environment.timers)
  const applied = createAppliedSignals()
  const chain = chainOf(projection)
  const line = createVersionLine(host, chain, applied.tell)
  const newest = (): RunningVersion => line.all()[0] as RunningVersion
  const reader = createReader(host, line.all, applied)
  let running: Promise<void> | undefined
  let stopping = false
  let lastError: string | undefined

  async function attempt(): Promise<void> {
    if (stopping) return
    try {
      await turn(host, line, reader)
      lastError = undefined
    } catch (error) {
      const text = toOneLine(error)
      if (text !== lastError)
        log.warn('a projection cannot be looked after, tries again', { projection: projection.name, error: text })
      lastError = text
    }
  }
  async function run(): Promise<void> {
    for (; !stopping; await attempt()) await waits.idle(newest().phase === 'building' ? buildingMs : quietMs)
  }
  const stopAll = (withinMs: number): Promise<unknown> =>
    Promise.all(line.all().map((version) => version.stop(withinMs)))

  return {
    name: projection.name,
    async prepare() {
      try {
        await line.meet()
        for (const version of line.all()) await version.register()
        if (newest().phase === 'building') await createSuccession(host, newest()).beginAtOnce()
      } catch (error) {
        if (!isOutage(error)) throw error
        log.warn('a projection cannot be prepared, tries again', {
          projection: projection.name,
          error: toOneLine(error),
        })
      }
    },
    start() {
      stopping = false
      waits.wake()
      running ??= run()
    },
    async stop(withinMs) {
      stopping = true
      waits.interrupt()
      await stopAll(withinMs)
      await running
      await stopAll(withinMs)
      running = undefined
    },
    close: async () => void (await Promise.all(line.all().map((version) => version.close()))),
    inline: chain.some(({ mode }) => mode === 'inline'),
    async applyInline(tx, events) {
      for (const version of line.all()) await version.applyInline(tx, events)
    },
    read: (how) => reader.read(how),
    waitFor: (position, how) => reader.waitFor(position, how),
    status: () => line.all().map((version) => version.status()),
  }
}

/** One look at all versions, and what becomes of the newest and of the old ones. */
async function turn(host: ProjectionHost, line: VersionLine, reader: ProjectionReader): Promise<void> {
  await line.meet()
  for (const version of line.all()) await version.turn()
  const newest = line.all()[0] as RunningVersion
  const succession = createSuccession(host, newest)
  if (newest.phase === 'building' && !newest.refused && (await succession.trySwap())) reader.forget()
  if (newest.phase === 'live') await succession.dropOld()
}

function chainOf(projection: Projection): readonly Projection[] {
  const { previous } = projection
  return previous === undefined ? [projection] : [projection, ...chainOf(previous)]
}
