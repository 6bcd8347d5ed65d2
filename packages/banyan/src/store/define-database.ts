/** `defineDatabase`: what a service says about its own database. A description; nothing is opened here. */

/** A service's database: its tables' types, and where its migrations lie. */
export interface DatabaseDefinition<Tables = unknown> {
  /** A folder of `NNN-name.sql` and `NNN-name.ts` files. */
  readonly migrations: URL
  /** Connections at most, per host. Default 8. */
  readonly maxConnections: number
  /** The interface of tables; a type only. */
  readonly '~tables'?: Tables
}

/**
 * Describes a service's database.
 *
 * @example
 * interface Tables { item: { sku: string; on_hand: number } }
 * const database = defineDatabase<Tables>({ migrations: new URL('./migrations/', import.meta.url) })
 */
export function defineDatabase<Tables>(spec: {
  readonly migrations: URL
  readonly maxConnections?: number
}): DatabaseDefinition<Tables> {
  return { migrations: spec.migrations, maxConnections: spec.maxConnections ?? 8 }
}
