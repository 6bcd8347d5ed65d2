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

/** One version of a projection. */
export interface ProjectionVersion {
  readonly name: string
  readonly version: number
}

/** `building`: it catches up. `live`: readers see it. `retired`: it was live once, and is kept for a while. */
export type ProjectionPhase = 'building' | 'live' | 'retired' | 'dropped'

/** What the books say of a version; times are RFC 3339. */
export interface ProjectionRecord extends ProjectionVersion {
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
  live(name: string): Promise<number | undefined>
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
   * Inside a transaction that publishes these events: true when the version is kept inline, and then their marks are written and
   * the caller applies them in this transaction. False while the version's consumer has to.
   */
  applyInline(tx: SqlTransaction, of: ProjectionVersion, source: string, eventIds: readonly string[]): Promise<boolean>
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
export function projectionGroup({ name, version }: ProjectionVersion): string {
  return `${name}@${version}`
}

/** What is said to whoever wants to drop what readers see. */
export function projectionLive({ name, version }: ProjectionVersion): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `version ${version} of projection '${name}' is live`, {
    reason: 'PROJECTION_LIVE',
    hint: 'Let another version become live first.',
  })
}
