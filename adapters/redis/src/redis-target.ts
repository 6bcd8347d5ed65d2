/**
 * A projection kept in Redis: tables are hashes of JSON rows, indexes are sorted sets, and each version lies under a prefix of
 * its own, `{p:<name>:v<version>}`, braces included, so that in a cluster all of it is in one slot.
 *
 * A step is one Lua script: it checks epoch and cursor, writes, and moves the cursor. Redis runs a script alone and whole, so
 * there is no state in which rows and cursor differ; and because the script compares the cursor with the one that was read
 * before the handlers ran, what they have read in between is still true. What Redis itself may lose (appendfsync) is in
 * docs/guide/projections.md.
 */
import { BanyanError, isBanyanError } from 'banyan/core'
import {
  CursorMoved,
  type ProjectionTarget,
  type TargetContext,
  type TargetDefinition,
  type TargetStep,
} from 'banyan/projection'
import { Fenced, type ProjectionVersion } from 'banyan/store'
import { createClient, ErrorReply } from 'redis'
import type { Send } from './send.ts'
import { type Command, createStaging, type RedisTx } from './staging.ts'
import { createView, type RedisView } from './view.ts'

/** What a target in Redis is made of; times in milliseconds. */
export interface RedisTargetOptions {
  /** `redis://[user:password@]host:port[/database]`, or rediss: for TLS. */
  readonly url: string | (() => string)
  /** Cursors of a version: so many steps of one source are applied at a time. Fixed for the life of a version. Default 8. */
  readonly lanes?: number
  /** A command that is not answered for so long has failed; its outcome is unknown, and the cursor tells later. Default 5 000. */
  readonly commandTimeoutMs?: number
}

// KEYS: meta, keys. ARGV: field of the epoch, epoch, field of the cursor, cursor as read, offset, keys written, commands.
const script = `
if redis.call('HEXISTS', KEYS[1], 'place') == 0 then return 'lost' end
if tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') > tonumber(ARGV[2]) then return 'fenced' end
if (redis.call('HGET', KEYS[1], ARGV[3]) or '0') ~= ARGV[4] then return 'moved' end
local written = cjson.decode(ARGV[6])
if #written > 0 then redis.call('SADD', KEYS[2], unpack(written)) end
for _, command in ipairs(cjson.decode(ARGV[7])) do redis.call(unpack(command)) end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[5])
return 'applied'`

/** Everything of a version begins with it. */
export function prefixOf({ name, version, build = 1 }: ProjectionVersion): string {
  return `{p:${name}:v${version}${build === 1 ? '' : `.${build}`}}`
}

/**
 * Keeps a projection's rows in Redis 6.2 or newer.
 *
 * Guarantees: each event is applied once, in order of its lane, and never by a host that lost its assignment. Errors: UNAVAILABLE
 * when Redis cannot be reached (tried again), FAILED_PRECONDITION `TARGET_LOST` when it has forgotten the version.
 *
 * @example
 * const Stock = defineProjection('stock', {
 *   version: 1,
 *   target: redisTarget({ url: () => process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' }),
 *   on: (on) => [on(Inventory.events.changed, ({ data }, tx) => tx.table('level').put(data.sku, data))],
 * })
 */
export function redisTarget(options: RedisTargetOptions): TargetDefinition<RedisTx, RedisView> {
  return { kind: 'redis', lanes: options.lanes ?? 8, open: (context) => openRedisTarget(options, context) }
}

async function openRedisTarget(
  { url, commandTimeoutMs = 5_000 }: RedisTargetOptions,
  _context: TargetContext,
): Promise<ProjectionTarget<RedisTx, RedisView>> {
  const client = createClient({
    url: typeof url === 'string' ? url : url(),
    disableOfflineQueue: true,
    socket: { connectTimeout: commandTimeoutMs, reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 2_000) },
  })
  // Every command tells of a lost connection by itself; the client reconnects.
  client.on('error', () => undefined)
  void client.connect().catch(() => undefined)
  const send: Send = (command) => within(commandTimeoutMs, () => client.sendCommand([...command]))
  return { ...createRedisTarget(send), close: async () => client.destroy() }
}

/** The target over anything that sends commands. */
export function createRedisTarget(send: Send): Omit<ProjectionTarget<RedisTx, RedisView>, 'close'> {
  return {
    async prepare(of, _store, create) {
      const prefix = prefixOf(of)
      await send(['HSET', `${prefix}:meta`, 'place', '1'])
      const staging = createStaging(prefix, send)
      await create(staging.tx)
      for (const command of staging.commands()) await send(command)
    },
    async apply(of, step, _store, work) {
      const prefix = prefixOf(of)
      const fields = toFields(step)
      const cursor = String((await send(['HGET', `${prefix}:meta`, fields.cursor])) ?? '0')
      if (Number(cursor) >= step.offset) return
      const staging = createStaging(prefix, send)
      await work(staging.tx, Number(cursor))
      await commit(send, of, step, cursor, staging.commands())
    },
    view: (of) => createView(prefixOf(of), send),
    async destroy(of) {
      const prefix = prefixOf(of)
      const keys = (await send(['SMEMBERS', `${prefix}:keys`])) as string[]
      await send(['UNLINK', `${prefix}:meta`, `${prefix}:keys`, ...keys])
    },
  }
}

function toFields({ source, lane }: TargetStep): { readonly epoch: string; readonly cursor: string } {
  return { epoch: `epoch ${source}`, cursor: `cursor ${JSON.stringify([source, lane])}` }
}

async function commit(
  send: Send,
  of: ProjectionVersion,
  step: TargetStep,
  cursor: string,
  commands: readonly Command[],
): Promise<void> {
  const prefix = prefixOf(of)
  const fields = toFields(step)
  const written = [...new Set(commands.map(([, key]) => key))]
  const given = [fields.epoch, String(step.epoch), fields.cursor, cursor, String(step.offset)]
  const keys = [`${prefix}:meta`, `${prefix}:keys`]
  const texts = [JSON.stringify(written), JSON.stringify(commands)]
  const outcome = await send(['EVAL', script, String(keys.length), ...keys, ...given, ...texts])
  if (outcome === 'fenced')
    throw new Fenced(`projection '${of.name}' version ${of.version} on '${step.source}' (epoch ${step.epoch})`)
  if (outcome === 'moved') throw new CursorMoved(of, step.lane)
  if (outcome === 'lost') throw lost(of)
}

async function within<Result>(timeoutMs: number, work: () => Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(unavailable(`no answer within ${timeoutMs} ms`)), timeoutMs)
  try {
    return await Promise.race([work(), late.promise])
  } catch (error) {
    if (isBanyanError(error)) throw error
    if (error instanceof ErrorReply)
      throw new BanyanError('INTERNAL', `Redis refused a command: ${error.message}`, { cause: error })
    throw unavailable(error instanceof Error ? error.message : String(error), error)
  } finally {
    clearTimeout(timer)
  }
}

function unavailable(why: string, cause?: unknown): BanyanError {
  return new BanyanError('UNAVAILABLE', `Redis cannot be reached: ${why}`, {
    reason: 'TARGET_UNAVAILABLE',
    outcome: 'unknown',
    retryAfterMs: 1_000,
    cause,
  })
}

function lost({ name, version }: ProjectionVersion): BanyanError {
  const message = `Redis has nothing of projection '${name}' version ${version}: it was emptied, or lost what it had`
  // An outage, so that nothing is parked while somebody looks after it.
  return new BanyanError('UNAVAILABLE', message, {
    reason: 'TARGET_LOST',
    hint: 'Raise the version to fill it again, and let Redis neither evict (maxmemory-policy noeviction) nor run without a disk.',
  })
}
