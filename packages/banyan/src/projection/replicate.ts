/**
 * `replicate`: a copy of another service's things, kept by its `state` events, so that reading them needs no call.
 *
 * A copy keeps deleted things as tombstones: without them an old event, or a page of the initial snapshot, would bring a thing
 * back that is gone. Where things have versions, an older one never replaces a newer one, whatever comes first.
 */
import type { Event } from '../contract/event.ts'
import type { Owned } from '../contract/operation.ts'
import { type DatabaseTx, type DatabaseView, ownDatabase } from './database-target.ts'
import { defineProjection, type ProjectedEvent, type Projection } from './define-projection.ts'
import type { ReadSnapshot } from './snapshot-source.ts'

/** The table of a copy. */
export interface CopyTables {
  copy: {
    key: string
    /** bigint comes as text; 0 where things have no version. */
    version: string
    /** Gone; kept so that nothing brings it back. */
    deleted: boolean
    /** The data of the last event. */
    // biome-ignore lint/suspicious/noExplicitAny: jsonb, typed by who selects it
    data: any
  }
}

/** What {@link replicate} takes. */
export interface ReplicateSpec<Data> {
  /** Raise it to fill the copy anew, beside the old one. From 1. */
  readonly version: number
  /** Says that the thing is gone. Default: never. */
  readonly tombstone?: (data: Data) => boolean
  /** A whole number that grows with every change of the thing. Needed for a snapshot. */
  readonly versionOf?: (data: Data) => number
  /** Reads the producer's state, for a copy that begins when the log no longer has its beginning. */
  readonly snapshot?: ReadSnapshot<Data>
  /** The copy before, fed until it is dropped. */
  readonly previous?: Projection
}

/**
 * Describes a copy of what an event tells, in the service's own database: table `copy`, one row a thing.
 *
 * @example
 * export const Products = replicate('products', Catalog.events.productChanged, {
 *   version: 1,
 *   tombstone: (product) => product.withdrawn,
 *   versionOf: (product) => product.revision,
 *   snapshot: async (cursor, call) => call(Catalog.listProducts, { limit: 100, cursor }),
 * })
 * // In a handler of the service that lists it in `projections`:
 * const findProduct = async (ctx: Context, sku: string) => {
 *   const { db } = await ctx.projection(Products)
 *   return db.selectFrom('copy').select('data').where('key', '=', sku).where('deleted', '=', false).executeTakeFirst()
 * }
 */
export function replicate<R, Source extends string>(
  name: string,
  event: Event<unknown, R> & Owned<Source>,
  spec: ReplicateSpec<R>,
): Projection<Source, DatabaseView<CopyTables>> {
  const { version, tombstone = () => false, versionOf = () => 0, snapshot, previous } = spec
  return defineProjection<DatabaseTx<CopyTables>, DatabaseView<CopyTables>, Source>(name, {
    version,
    target: ownDatabase<CopyTables>(),
    create: [
      'create table copy (key text primary key, version bigint not null, deleted boolean not null, data jsonb not null)',
    ],
    ...(previous === undefined ? {} : { previous }),
    ...(snapshot === undefined ? {} : { snapshot: snapshot as ReadSnapshot }),
    on: (on) => [
      on(event, ({ key, data }: ProjectedEvent<R>, tx) => {
        const deleted = tombstone(data)
        return tx.sql`
          insert into copy values (${key}, ${versionOf(data)}, ${deleted}, ${JSON.stringify(data)}::jsonb)
          on conflict (key) do update
            set version = excluded.version, deleted = excluded.deleted, data = excluded.data
            where copy.version < excluded.version or excluded.version = 0`
      }),
    ],
  })
}
