/** What producers and consumers are told, and the tables that make up the ledger. Times in milliseconds. */
import { createHash } from 'node:crypto'
import type { Migration } from 'banyan/store'
import { naiveOutboxMigration } from 'banyan/testing'
import type { BusKind, Naive } from './options.ts'

/** The producing service, and the one that consumes its events. */
export const producing = 'ledger'
export const consuming = 'audit'
export const eventType = 'ledger.counted.v1'

/** Short, so that take-overs happen many times a minute; what may be idle in a transaction ends well before it. */
export const leaseMs = 2_000
export const idleInTransactionMs = 1_000

/** How to reach the log. */
export interface BusAddress {
  readonly kind: BusKind
  readonly url: string
}

/** What an actor is told, as JSON in its first argument. */
export interface ActorGiven {
  /** The instance: stays the same over restarts. */
  readonly name: string
  readonly storeUrl: string
  readonly bus: BusAddress
  readonly naive: Naive | undefined
  readonly keys: number
  /** Transactions a second; 0 for one that only relays. */
  readonly rate: number
}

/** What actors say. */
export type ActorMessage =
  | { readonly say: 'ready' }
  | { readonly say: 'quiet' }
  | { readonly say: 'acknowledged'; readonly counters: readonly (readonly [key: string, counter: number])[] }

/** What they are told while they run. */
export type ActorOrder = 'be quiet' | 'stop'

const sql = (name: string, up: string): Migration => ({
  name,
  checksum: createHash('sha256').update(up).digest('hex'),
  up,
})

/** The producers' database: a counter per key, and every event that was committed. */
export const producerMigrations: readonly Migration[] = [
  sql('001-account', 'CREATE TABLE account (key text PRIMARY KEY, counter int NOT NULL) WITH (fillfactor = 50)'),
  sql('002-entry', 'CREATE TABLE entry (event_id uuid PRIMARY KEY, key text NOT NULL, counter int NOT NULL)'),
  naiveOutboxMigration,
]

/** The consumers' database: no constraint, so that whatever happens can be recorded. */
export const consumerMigrations: readonly Migration[] = [
  sql(
    '001-effect',
    `CREATE TABLE effect (place bigserial PRIMARY KEY, key text NOT NULL, counter int NOT NULL, event_id uuid NOT NULL, after int NOT NULL);
     CREATE INDEX effect_key ON effect (key, counter)`,
  ),
]
