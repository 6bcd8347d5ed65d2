/** Migrations as data: ordered, checksummed, applied once each under a lock by whichever host comes first. */
import type { Kysely } from 'kysely'

/** One step of a database's history. */
export interface Migration {
  /** The file name without its extension, like `001-orders`. Order is by name. */
  readonly name: string
  /** SHA-256 of the source text, hexadecimal. An applied migration whose checksum differs is refused. */
  readonly checksum: string
  /** Plain SQL, or a function. */
  // biome-ignore lint/suspicious/noExplicitAny: a migration sees tables that its own service's types may no longer know
  readonly up: string | ((db: Kysely<any>) => Promise<void>)
}

/** Where a migration stands. */
export interface MigrationStatus {
  readonly name: string
  readonly checksum: string
  readonly state: 'applied' | 'pending' | 'edited' | 'missing'
  readonly appliedAt?: string
}
