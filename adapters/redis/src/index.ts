/** Banyan projections kept in Redis. */
export { type RedisTargetOptions, redisTarget } from './redis-target.ts'
export type { RedisIndexWriter, RedisTableWriter, RedisTx } from './staging.ts'
export type { RedisIndex, RedisTable, RedisView } from './view.ts'
