/** The contract of targets against a real server, and what only a server can do: go away, hang, forget. */

import { realEnvironment } from 'banyan/core'
import type { ProjectionTarget } from 'banyan/projection'
import { createMemoryStore, type MemoryStoreOptions } from 'banyan/store'
import { projectionTargetSuite } from 'banyan/testing/suites'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redisTarget } from './redis-target.ts'
import type { RedisTx } from './staging.ts'
import { findRedisServer, type RedisServer, startRedis } from './testing/redis-server.ts'
import type { RedisView } from './view.ts'

const of = { name: 'sales', version: 1 }
const step = (offset: number) => ({ source: 'sample', lane: 'lane-0', epoch: 1, offset })
const options: MemoryStoreOptions = { environment: realEnvironment(), service: 'sample' }

describe.skipIf(findRedisServer() === undefined)('redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => server?.stop())
  const open = (commandTimeoutMs = 2_000): Promise<ProjectionTarget<RedisTx, RedisView>> =>
    redisTarget({ url: () => server.url, commandTimeoutMs }).open({
      service: 'sample',
      store: createMemoryStore(options),
    })
  const ready = async (target: ProjectionTarget<RedisTx, RedisView>): Promise<void> => {
    await expect
      .poll(
        () =>
          target
            .view(of)
            .table('row')
            .get('none')
            .then(
              () => 'up',
              () => 'down',
            ),
        { timeout: 10_000 },
      )
      .toBe('up')
  }

  projectionTargetSuite<RedisTx, RedisView>(
    'redis',
    async () => {
      const [target, second] = [await open(), await open()]
      await Promise.all([ready(target), ready(second)])
      return {
        target,
        second,
        transact: (work) => work({} as never),
        create: async () => undefined,
        append: async (tx, key, text) => tx.table('row').put(key, `${(await tx.table('row').get(key)) ?? ''}${text}`),
        remove: async (tx, key) => tx.table('row').delete(key),
        read: async (view, key) => view.table('row').get<string>(key),
        close: async () => {
          await Promise.all([target.close(), second.close()])
        },
      }
    },
    { cursors: true },
  )

  describe('beyond the contract', () => {
    let target: ProjectionTarget<RedisTx, RedisView>
    const put = (offset: number): Promise<void> =>
      target.apply(of, step(offset), {} as never, async (tx) => {
        tx.table('row').put(`k${offset}`, { offset })
        tx.index('by-offset').put(`k${offset}`, offset)
      })
    beforeEach(async () => {
      target = await open(500)
      await ready(target)
      await target.prepare(of, {} as never, async () => undefined)
    })
    afterEach(async () => {
      await target.destroy(of, {} as never).catch(() => undefined)
      await target.close()
    })

    it('reads many rows, and pages through an index both ways', async () => {
      for (let offset = 1; offset <= 5; offset++) await put(offset)
      const view = target.view(of)
      expect(await view.index('by-offset').range({ limit: 2, descending: true })).toEqual(['k5', 'k4'])
      expect(await view.index('by-offset').range({ offset: 3, limit: 10 })).toEqual(['k4', 'k5'])
      expect(await view.table('row').getMany(['k2', 'none', 'k1'])).toEqual([{ offset: 2 }, undefined, { offset: 1 }])
    })

    it('leaves nothing behind when it is destroyed', async () => {
      await put(1)
      await target.destroy(of, {} as never)
      const view = target.view(of)
      expect([await view.table('row').get('k1'), await view.index('by-offset').range({ limit: 9 })]).toEqual([
        undefined,
        [],
      ])
      await expect(put(2)).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'TARGET_LOST' })
    })

    it('is away while the server is, and goes on where it was when it is back', async () => {
      await put(1)
      await server.kill()
      await expect(put(2)).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'TARGET_UNAVAILABLE' })
      await server.start()
      await ready(target)
      await put(1)
      await put(2)
      expect(await target.view(of).index('by-offset').range({ limit: 9 })).toEqual(['k1', 'k2'])
    })

    it('gives up on a server that hangs, and applies what may have been applied once', async () => {
      server.pause()
      await expect(put(1)).rejects.toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown' })
      server.resume()
      await ready(target)
      await put(1)
      expect(await target.view(of).index('by-offset').range({ limit: 9 })).toEqual(['k1'])
    })

    it('keeps names and rows of any text', async () => {
      const key = 'Süß "quoted" \\ \n 😀 {x} *'
      await target.apply(of, step(1), {} as never, async (tx) => tx.table(key).put(key, { [key]: key }))
      expect(await target.view(of).table(key).get(key)).toEqual({ [key]: key })
    })
  })
})
