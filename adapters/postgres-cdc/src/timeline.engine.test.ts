// A source that is promoted: followed when its history contains what was read, refused when it does not.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findPostgres, startPostgresServer } from '@banyan/tools/postgres-server'
import { describe, expect, test } from 'vitest'
import { ask, eventually, run } from './testing/engines.ts'
import { createRig, startStreaming } from './testing/mirror.ts'

describe.skipIf(!findPostgres().found)('a promotion', () => {
  test('is followed, unless the position lies behind the fork', async () => {
    await using service = await startPostgresServer({ settings: { log_min_messages: 'fatal' } })
    await using server = await startPostgresServer({ settings: { log_min_messages: 'fatal' } })
    const rig = await createRig({ ...service, url: server.url, stop: async () => {} }, 'crm')
    const service_rig = await createRig({ ...service, stop: async () => {} }, 'crm')
    await run(rig.url, 'CREATE TABLE customer (id int PRIMARY KEY)')
    const options = { url: rig.url, into: service_rig.store }
    const first = service_rig.source(options)
    await startStreaming(first)
    await run(rig.url, 'INSERT INTO customer VALUES (1)')
    await eventually(service_rig.labels, (labels) => labels.length === 1)

    await server.crash()
    writeFileSync(join(server.dataDirectory, 'standby.signal'), '')
    await server.restart()
    await run(server.url, 'SELECT pg_promote()')
    await eventually(
      () =>
        run(rig.url, 'INSERT INTO customer VALUES (2)').then(
          () => true,
          () => false,
        ),
      (done) => done,
    )
    expect(await eventually(service_rig.labels, (labels) => labels.length === 2)).toEqual([
      'insert customer/1',
      'insert customer/2',
    ])
    const [row] = await ask(service_rig.target, 'SELECT timeline FROM banyan.change_source')
    expect(row).toEqual({ timeline: 2 })
    await first.stop()

    // As if the standby had been promoted before it had what was read from the old primary.
    await ask(service_rig.target, 'UPDATE banyan.change_source SET timeline = 1, position = position + 0')
    const second = service_rig.source(options)
    await second.start()
    expect(await second.ended).toMatchObject({
      reason: 'CDC_DIVERGED',
      message: expect.stringContaining('timeline 2 left it at'),
    })
    await ask(service_rig.target, "UPDATE banyan.change_source SET timeline = 2, position = 'FF/0'")
    const third = service_rig.source(options)
    await third.start()
    expect(await third.ended).toMatchObject({
      reason: 'CDC_DIVERGED',
      message: expect.stringContaining("server's log ends at"),
    })
    await service_rig.close()
    await rig.close()
  })
})
