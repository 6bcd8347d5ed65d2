// A source whose server dies: its slot is on the standby as well (PostgreSQL 17 on), and the bridge goes on there, with nothing
// missing and nothing doubled. The address is a function, so the new one is found when the bridge looks again.
import { execFileSync } from 'node:child_process'
import { chownSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@banyan/embedded-postgres'
import { createPostgresStore } from '@banyan/postgres'
import { defineContract, event, t } from 'banyan/contract'
import { realEnvironment } from 'banyan/core'
import { createHost, defineService, defineSystem } from 'banyan/runtime'
import { defineDatabase } from 'banyan/store'
import { silentLog } from 'banyan/telemetry'
import { expect, test } from 'vitest'
import { fromPostgres } from './from-postgres.ts'
import { ask, eventually, onDatabase, run } from './testing/engines.ts'

const Customers = defineContract('customers', {
  version: '1.0.0',
  owner: 'x',
  operations: {},
  events: { changed: event({ key: 'id', data: t.Object({ id: t.String(), op: t.String() }) }) },
})
const settings = { fsync: 'off', hot_standby: 'on', hot_standby_feedback: 'on', max_replication_slots: 10 }

/** A primary and a standby of it that copies its slots when it is told to; the databases `crm` and `customers`. */
async function startPair(folder: string): Promise<{ primary: EmbeddedPostgres; standby: EmbeddedPostgres }> {
  const [first, second] = [join(folder, 'a'), join(folder, 'b')]
  const made = await startEmbeddedPostgres({ dataDir: first, settings })
  await run(made.url, "SELECT pg_create_physical_replication_slot('standby', true)")
  await run(made.url, 'CREATE DATABASE crm')
  await made.stop()
  // With their owner: as root the server runs as somebody else.
  execFileSync('cp', ['-a', first, second])
  const { uid, gid } = statSync(join(second, 'cluster'))
  const signal = join(second, 'cluster', 'standby.signal')
  writeFileSync(signal, '')
  chownSync(signal, uid, gid)
  const primary = await startEmbeddedPostgres({
    dataDir: first,
    settings: { ...settings, synchronized_standby_slots: 'standby' },
  })
  const { host, port, user, password } = primary
  const standby = await startEmbeddedPostgres({
    dataDir: second,
    settings: {
      ...settings,
      primary_slot_name: 'standby',
      primary_conninfo: `host=${host} port=${port} user=${user} password=${password} dbname=crm`,
    },
  })
  return { primary, standby }
}

test('a slot made with failover goes on at the standby that is promoted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'banyan-failover-'))
  const service = await startEmbeddedPostgres({ dataDir: join(folder, 'service'), settings: { fsync: 'off' } })
  const { primary, standby } = await startPair(folder)
  const crm = (server: EmbeddedPostgres): string => onDatabase(server.url, 'crm')
  let current = primary
  try {
    await run(crm(primary), 'CREATE TABLE customer (id int PRIMARY KEY); INSERT INTO customer VALUES (1)')
    const bridge = fromPostgres({
      name: 'crm',
      url: () => crm(current),
      tables: ['customer'],
      failover: true,
      heartbeatMs: 200,
      toEvent(change, publish) {
        if ('key' in change) publish(Customers.events.changed, { id: String(change.key['id']), op: change.op })
      },
    })
    const store = await createPostgresStore({ url: service.url, service: 'customers', maxConnections: 4 })
    await store.migrate([])
    const environment = realEnvironment()
    const database = defineDatabase({ migrations: new URL('./none/', import.meta.url) })
    const customers = defineService(Customers, { database, operations: {}, bridges: [bridge] })
    const host = createHost({
      system: defineSystem({ name: 'shop', services: [customers] }),
      environment,
      incarnation: 'host-1#1',
      openStore: async () => store,
      log: silentLog,
    })
    await host.start()
    const labels = async (): Promise<string[]> => {
      const { events } = await store.outbox.read(undefined, 1_000)
      return events.map(({ envelope }) => JSON.parse(envelope).data).map(({ op, id }) => `${op} ${id}`)
    }
    await eventually(labels, (found) => found.length === 1)
    await run(crm(primary), 'INSERT INTO customer VALUES (2)')
    await eventually(labels, (found) => found.length === 2)
    await eventually(
      async () => {
        await run(crm(primary), 'SELECT pg_log_standby_snapshot()')
        await run(crm(standby), 'SELECT pg_sync_replication_slots()')
        return ask(crm(standby), "SELECT synced, temporary FROM pg_replication_slots WHERE slot_type = 'logical'")
      },
      ([slot]) => slot?.['synced'] === true && slot['temporary'] === false,
    )
    await run(crm(primary), 'INSERT INTO customer VALUES (3)')
    await eventually(labels, (found) => found.length === 3)

    process.kill(primary.pid, 'SIGKILL')
    await run(standby.url, 'SELECT pg_promote()')
    current = standby
    await run(crm(standby), 'INSERT INTO customer VALUES (4)')
    expect(await eventually(labels, (found) => found.length === 4)).toEqual([
      'read 1',
      'insert 2',
      'insert 3',
      'insert 4',
    ])
    expect(await ask(crm(standby), 'SELECT failover FROM pg_replication_slots WHERE active')).toEqual([
      { failover: true },
    ])
    await host.stop({ drainMs: 2_000 })
  } finally {
    await Promise.allSettled([primary.stop(), standby.stop(), service.stop()])
    await rm(folder, { recursive: true, force: true })
  }
}, 90_000)
