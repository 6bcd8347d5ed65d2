/** Banyan's store and bus on PostgreSQL 15 to 18. */
export { withoutPassword } from './client/connection-string.ts'
export type { PoolState } from './client/pool.ts'
export { sqlState } from './client/sql-error.ts'
export type { Delay } from './client/timing.ts'
export { loadMigrations } from './migration/load-migrations.ts'
export { toMigration } from './migration/source.ts'
export { createPostgresStore, type PostgresStore, type PostgresStoreOptions } from './store/postgres-store.ts'
