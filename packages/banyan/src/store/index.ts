/** A service's own database: the port, what must commit together, and the implementation in memory. */
export { type DatabaseDefinition, defineDatabase } from './define-database.ts'
export { isSameInstance } from './holder.ts'
export type { Idempotency, IdempotencyClaim, IdempotencyRecord } from './idempotency.ts'
export { AlreadyApplied, type Assignment, type DeliveryMark, Fenced, type Inbox, type ParkedEvent } from './inbox.ts'
export { createMemoryStore, type MemoryStoreOptions } from './memory/memory-store.ts'
export type { Migration, MigrationStatus } from './migration.ts'
export type { NewEvent, Outbox, OutboxCursor, OutboxPage } from './outbox.ts'
export type { Isolation, Store, StoreTransaction, TransactOptions } from './store.ts'
