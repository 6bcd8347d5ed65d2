/**
 * The books of projections in memory. A swap holds the old version's deliveries at the door and waits for those inside, as
 * the row lock does in Postgres.
 */
import type { Environment } from '../../core/environment/environment.ts'
import { sleep } from '../../core/environment/timers.ts'
import {
  compareVersions,
  nextBuild,
  type ProjectionProgress,
  type ProjectionRecord,
  type Projections,
  type ProjectionVersion,
  projectionGroup,
  projectionLive,
  type SqlTransaction,
  type SwapOptions,
  type SwapOutcome,
} from '../projections.ts'
import type { GroupDoor } from './group-door.ts'

/** What the books need of their store. */
export interface MemoryProjectionsOptions {
  readonly environment: Environment
  readonly door: GroupDoor
  /** The low-water marks of a group, by source. */
  progressOf(group: string): readonly ProjectionProgress[]
  /** Events that are parked for a group. */
  parkedOf(group: string): number
  /** Forgets a group: assignments, marks. */
  forget(group: string): void
  transact(work: (tx: SqlTransaction) => Promise<void>): Promise<void>
}

const pollMs = 10

export function createMemoryProjections(options: MemoryProjectionsOptions): Projections {
  const { clock } = options.environment
  const records = new Map<string, ProjectionRecord>()
  const live = new Map<string, ProjectionVersion>()
  let queue: Promise<unknown> = Promise.resolve()

  const nowText = (): string => new Date(clock.now()).toISOString()
  /** One change at a time, as under a row lock. */
  function alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const next = queue.then(work, work)
    queue = next.catch(() => undefined)
    return next
  }
  function retire(of: ProjectionVersion | undefined): void {
    const key = of === undefined ? '' : projectionGroup(of)
    const record = records.get(key)
    if (record !== undefined) records.set(key, { ...record, phase: 'retired', retiredAt: nowText() })
  }
  function rebuild(of: Parameters<Projections['rebuild']>[0]): ProjectionRecord {
    const record = { ...nextBuild(of, [...records.values()]), createdAt: nowText() }
    records.set(projectionGroup(record), record)
    return record
  }
  async function swap(of: ProjectionVersion, { ends, withinMs = 5_000 }: SwapOptions): Promise<SwapOutcome> {
    const key = projectionGroup(of)
    const record = records.get(key)
    if (record === undefined || record.phase === 'dropped' || record.phase === 'wanted') return 'unknown'
    const before = live.get(of.name)
    if (before !== undefined && compareVersions(before, of) === 0) return 'live already'
    if (before !== undefined && compareVersions(before, of) > 0) return 'older'
    const release = before === undefined ? undefined : await options.door.hold(projectionGroup(before))
    try {
      if (!(await reaches(options, of, await ends(), withinMs))) return 'late'
      if (before !== undefined && options.parkedOf(key) > 0) return 'parked'
      retire(before)
      live.set(of.name, { name: of.name, version: of.version, build: record.build })
      records.set(key, { ...record, phase: 'live', liveAt: nowText() })
      return 'swapped'
    } finally {
      release?.()
    }
  }

  return {
    register: (of, target, create) =>
      alone(async () => {
        const key = projectionGroup(of)
        const known = records.get(key)
        if (known !== undefined && known.phase !== 'wanted') return known
        if (create !== undefined) await options.transact(create)
        const record = { ...newRecord(of, target, nowText()), ...known, phase: 'building' as const }
        records.set(key, record)
        return record
      }),
    live: async (name) => live.get(name),
    rebuild: (of) => alone(async () => rebuild(of)),
    list: async () => [...records.values()].toSorted(byNameAndVersion),
    progress: async (of) => options.progressOf(projectionGroup(of)),
    swap: (of, how) => alone(() => swap(of, how)),
    // Rows in memory are no part of a store's transaction, so nothing here is ever kept inline.
    applyInline: async () => false,
    lockKeys: async () => undefined,
    drop: (of, how = {}) => alone(() => drop({ options, records, live }, of, how)),
  }
}

interface Books {
  readonly options: MemoryProjectionsOptions
  readonly records: Map<string, ProjectionRecord>
  readonly live: ReadonlyMap<string, ProjectionVersion>
}

async function drop(
  { options, records, live }: Books,
  of: ProjectionVersion,
  { forget = false, destroy }: NonNullable<Parameters<Projections['drop']>[1]>,
): Promise<boolean> {
  const key = projectionGroup(of)
  const record = records.get(key)
  if (record === undefined) return false
  const shown = live.get(of.name)
  if (shown !== undefined && compareVersions(shown, of) === 0) throw projectionLive(of)
  if (destroy !== undefined) await options.transact(destroy)
  options.forget(key)
  if (forget) records.delete(key)
  else records.set(key, { ...record, phase: 'dropped' })
  return true
}

function newRecord(
  { name, version, build = 1 }: ProjectionVersion,
  target: string,
  createdAt: string,
): ProjectionRecord {
  return { name, version, build, target, phase: 'building', createdAt, liveAt: undefined, retiredAt: undefined }
}

function byNameAndVersion(one: ProjectionRecord, other: ProjectionRecord): number {
  if (one.name !== other.name) return one.name < other.name ? -1 : 1
  return compareVersions(one, other)
}

/** Waits until the version is where the log ends, or the time is over. */
async function reaches(
  options: MemoryProjectionsOptions,
  of: ProjectionVersion,
  ends: ReadonlyMap<string, number>,
  withinMs: number,
): Promise<boolean> {
  const { clock, timers } = options.environment
  const dueMs = clock.monotonic() + withinMs
  for (;;) {
    const done = new Map(options.progressOf(projectionGroup(of)).map((one) => [one.source, one.done]))
    if ([...ends].every(([source, end]) => (done.get(source) ?? 0) >= end)) return true
    if (clock.monotonic() >= dueMs) return false
    await sleep(timers, pollMs)
  }
}
