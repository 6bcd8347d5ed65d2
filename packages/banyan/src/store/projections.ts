/**
 * The Projections port: the books of a service's read models, in its own database. Which versions there are, which one
 * readers see, how far each has come. Rows are not its business: they lie wherever the projection's target keeps them.
 *
 * A version is fed by whoever has its definition, under a consumer group of its own ({@link projectionGroup}), so any number of
 * versions grow beside each other. What readers see is one number, and it changes under a lock that holds the old version
 * still until the new one has applied everything the log had: no reader is taken back in time by a swap.
 */
import type { Kysely } from 'kysely'
import { BanyanError } from '../core/error.ts'

/** As much of a transaction of the store as the books and the places of rows need. */
export interface SqlTransaction {
  /** Throws in stores that speak no SQL. */
  // biome-ignore lint/suspicious/noExplicitAny: the tables are known only to the projection's own types
  readonly db: Kysely<any>
  sql<Row = Record<string, unknown>>(text: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]>
}

/** One version of a projection, or one of its builds: a version may be built again beside itself, by the same definition. */
export interface ProjectionVersion {
  readonly name: string
  readonly version: number
  /** From 1, which is meant when it is left out. Builds of a version know no more of each other than versions do. */
  readonly build?: number
}

/**
 * `wanted`: somebody has asked for it, and no host has begun. `building`: it catches up. `live`: readers see it. `retired`: it was
 * live once, and is kept for a while.
 */
export type ProjectionPhase = 'wanted' | 'building' | 'live' | 'retired' | 'dropped'

/** Builds of one version, at most. */
export const maxBuilds = 9_999

/** What the books say of a version; times are RFC 3339. */
export interface ProjectionRecord extends ProjectionVersion {
  readonly build: number
  /** The kind of target that keeps its rows. */
  readonly target: string
  readonly phase: ProjectionPhase
  readonly createdAt: string
  readonly liveAt: string | undefined
  readonly retiredAt: string | undefined
}

/** How far a version has come in the log of one source: everything up to and including `done` is applied (or parked). */
export interface ProjectionProgress {
  readonly source: string
  readonly done: number
}

/** How a swap is done. */
export interface SwapOptions {
  /** Where the log of each source ends; asked once the old version is held still, and waited for. */
  readonly ends: () => Promise<ReadonlyMap<string, number>>
  /** How long the old version may be held still. Default 5 000 ms. Keep it well below the consumers' lease. */
  readonly withinMs?: number
  /**
   * The version is to be kept inline from the swap on: transactions that publish these types wait at their end, everything that
   * they have published before is waited for, and from then on {@link Projections.applyInline} says yes.
   */
  readonly inlineTypes?: readonly string[]
}

/**
 * What became of a swap. `late`: the version did not catch up in time. `parked`: it could not apply some events, and there is a
 * live version that readers keep. `older`: a newer version is live already.
 */
export type SwapOutcome = 'swapped' | 'live already' | 'late' | 'parked' | 'older' | 'unknown'

/** What one transaction applies inline. */
export interface InlineEvents {
  readonly source: string
  readonly eventIds: readonly string[]
  /** In whose order they are applied: their keys, or one for all. Repeats are allowed. */
  readonly keys: readonly string[]
}

/** The books of one service's projections. */
export interface Projections {
  /**
   * Enters a version and runs `create` in the same transaction, once, whoever comes first; gives what the books say
   * afterwards. One that was dropped stays dropped, and `create` is not run.
   */
  register(
    of: ProjectionVersion,
    target: string,
    create?: (tx: SqlTransaction) => Promise<void>,
  ): Promise<ProjectionRecord>
  /** The version that readers see; undefined while none has caught up yet. */
  live(name: string): Promise<ProjectionVersion | undefined>
  /**
   * Asks for a new build of a version, by default of the live one: whoever has its definition fills it beside what there is, and it
   * becomes live like a new version. Rejects with NOT_FOUND `NO_PROJECTION`, and with FAILED_PRECONDITION `PROJECTION_OLD` when a
   * newer version is live, `PROJECTION_BUILDING` while another build of the version is wanted or being built.
   */
  rebuild(of: { readonly name: string; readonly version?: number }): Promise<ProjectionRecord>
  /** All versions, by name and version. */
  list(): Promise<readonly ProjectionRecord[]>
  /** How far the version has come, for each source it has read. */
  progress(of: ProjectionVersion): Promise<readonly ProjectionProgress[]>
  /**
   * Makes the version the one that readers see. Holds the version that is live still (its effects wait), asks where the log
   * ends, waits until the new one is there, and swaps; or lets go and swaps nothing (`late`).
   */
  swap(of: ProjectionVersion, options: SwapOptions): Promise<SwapOutcome>
  /**
   * Inside a transaction that publishes these events: true when the version is kept inline, and then their marks are written,
   * their keys are locked as by {@link Projections.lockKeys}, and the caller applies them in this transaction. False while the
   * version's consumer has to.
   */
  applyInline(tx: SqlTransaction, of: ProjectionVersion, events: InlineEvents): Promise<boolean>
  /**
   * Waits until no other transaction holds one of these keys of a version, and holds them until this one ends: what two
   * transactions apply to one key comes one after the other, so a handler may read, change and write.
   */
  lockKeys(tx: SqlTransaction, of: ProjectionVersion, events: Omit<InlineEvents, 'eventIds'>): Promise<void>
  /**
   * Takes a version out of the books and runs `destroy` in the same transaction; its group's epoch is raised, so that a feeder
   * that has not noticed can write nothing more. `forget` lets it be registered, and filled, again. Rejects with
   * FAILED_PRECONDITION `PROJECTION_LIVE` for the live one; gives false when there is none.
   */
  drop(
    of: ProjectionVersion,
    options?: { readonly forget?: boolean; readonly destroy?: (tx: SqlTransaction) => Promise<void> },
  ): Promise<boolean>
}

/** The consumer group that feeds a version: its marks, its low-water mark and its parked keys are the version's own. */
export function projectionGroup({ name, version, build = 1 }: ProjectionVersion): string {
  return build === 1 ? `${name}@${version}` : `${name}@${version}.${build}`
}

/** Below 0 when the first is the older one, by version and build. */
export function compareVersions(one: ProjectionVersion, other: ProjectionVersion): number {
  return one.version - other.version || (one.build ?? 1) - (other.build ?? 1)
}

/** Which build of a version comes next, by the books; throws what {@link Projections.rebuild} says. */
export function nextBuild(
  { name, version }: { readonly name: string; readonly version?: number | undefined },
  known: readonly ProjectionRecord[],
): ProjectionRecord {
  const live = known.find((record) => record.name === name && record.phase === 'live')
  const wanted = version ?? live?.version
  const builds = known.filter((record) => record.name === name && record.version === wanted)
  const last = builds.toSorted(compareVersions).at(-1)
  if (last === undefined || wanted === undefined) throw noProjection(name, wanted)
  const refuse = (reason: string, why: string): BanyanError =>
    new BanyanError('FAILED_PRECONDITION', `version ${wanted} of projection '${name}' ${why}`, { reason })
  if (live !== undefined && live.version > wanted)
    throw refuse('PROJECTION_OLD', `cannot become live any more: version ${live.version} is`)
  if (builds.some(({ phase }) => phase === 'wanted' || phase === 'building'))
    throw refuse('PROJECTION_BUILDING', 'is being built already')
  if (last.build >= maxBuilds) throw refuse('TOO_MANY_BUILDS', `has ${maxBuilds} builds already (maxBuilds)`)
  return { ...last, build: last.build + 1, phase: 'wanted', liveAt: undefined, retiredAt: undefined }
}

function noProjection(name: string, version: number | undefined): BanyanError {
  const what =
    version === undefined
      ? `projection '${name}' has no live version`
      : `there is no version ${version} of projection '${name}'`
  return new BanyanError('NOT_FOUND', what, { reason: 'NO_PROJECTION', hint: 'See banyan projections list.' })
}

/** What is said to whoever wants to drop what readers see. */
export function projectionLive(of: ProjectionVersion): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `'${projectionGroup(of)}' is the live version of its projection`, {
    reason: 'PROJECTION_LIVE',
    hint: 'Let another version become live first.',
  })
}
