// The source as a bridge of a host: opened, asked, given up, taken over; and a slot that survives the server it was made on.
import { createPostgresStore, type PostgresStore } from '@banyan/postgres'
import { defineContract, event, t } from 'banyan/contract'
import { realEnvironment } from 'banyan/core'
import { createHost, defineService, defineSystem, type Host } from 'banyan/runtime'
import { defineDatabase } from 'banyan/store'
import { silentLog } from 'banyan/telemetry'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FromPostgresOptions, fromPostgres } from './from-postgres.ts'
import { ask, createDatabase, describeEngines, eventually, run } from './testing/engines.ts'

const Customers = defineContract('customers', {
  version: '1.0.0',
  owner: 'x',
  operations: {},
  events: {
    changed: event({ key: 'id', data: t.Object({ id: t.String(), name: t.String() }) }),
    removed: event({ key: 'id', data: t.Object({ id: t.String() }) }),
  },
})
const Others = defineContract('others', {
  version: '1.0.0',
  owner: 'x',
  operations: {},
  events: { seen: event({ key: 'id', data: t.Object({ id: t.String() }) }) },
})
const database = defineDatabase<Record<never, never>>({ migrations: new URL('./none/', import.meta.url) })
const environment = realEnvironment()
const slot = 'banyan_shop_customers_crm'

describeEngines(
  'a bridge from PostgreSQL',
  (engine, name) => {
    let source: string
    let target: string
    let store: PostgresStore
    let hosts: Host[]
    beforeEach(async () => {
      hosts = []
      source = await createDatabase(engine(), 'crm')
      target = await createDatabase(engine(), 'customers')
      await run(source, 'CREATE TABLE customer (id int PRIMARY KEY, name text)')
      store = await createPostgresStore({ url: target, service: 'customers', maxConnections: 4 })
      await store.migrate([])
    })
    afterEach(async () => {
      for (const host of hosts) await host.stop({ drainMs: 2_000 })
      await ask(
        source,
        `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${slot}'`,
      )
    })

    async function start(more: Partial<FromPostgresOptions> = {}): Promise<Host> {
      const crm = fromPostgres({
        name: 'crm',
        url: () => source,
        tables: ['customer'],
        heartbeatMs: 200,
        toEvent(change, publish) {
          if (change.op === 'truncate') return
          const id = String(change.key['id'])
          if (change.op === 'delete') publish(Customers.events.removed, { id })
          else publish(Customers.events.changed, { id, name: change.new['name'] as string })
        },
        ...more,
      })
      const service = defineService(Customers, { database, operations: {}, bridges: [crm] })
      const host = createHost({
        system: defineSystem({ name: 'shop', services: [service] }),
        environment,
        incarnation: `host-1#${environment.random.uuidv7()}`,
        openStore: async () => createPostgresStore({ url: target, service: 'customers', maxConnections: 4 }),
        log: silentLog,
      })
      hosts.push(host)
      await host.start()
      return host
    }
    const labels = async (): Promise<string[]> => {
      const { events } = await store.outbox.read(undefined, 1_000)
      return events.map(({ type, key }) => `${type.split('.')[1]} ${key}`)
    }
    const statusOf = (host: Host) => host.status().bridges[0]
    const asked = async (action: string, detail = {}): Promise<unknown> => {
      const id = await store.bridges.ask({ bridge: 'crm', action, detail, by: 'ada' })
      const found = async () => (await store.bridges.requests('crm', 10)).find((request) => request.id === id)?.outcome
      return eventually(found, (outcome) => outcome !== undefined)
    }

    test('publishes what the service may publish, and shows how the slot does', async () => {
      await run(source, "INSERT INTO customer VALUES (1, 'Ada')")
      const host = await start()
      await run(source, "INSERT INTO customer VALUES (2, 'Alan')")
      expect(await eventually(labels, (found) => found.length === 2)).toEqual(['changed 1', 'changed 2'])
      const { events } = await store.outbox.read(undefined, 10)
      expect(JSON.parse(events[0]?.envelope ?? '{}')).toMatchObject({
        source: '/shop/customers',
        dataschema: expect.stringMatching(/^urn:banyan:schema:/),
      })
      expect(
        await eventually(
          () => statusOf(host),
          (status) => status?.detail?.['phase'] === 'streaming',
        ),
      ).toMatchObject({ state: 'working', lag: { unit: 'bytes' }, detail: { slot: { name: slot, there: true } } })
      expect(host.readiness().ready).toBe(true)
    })

    const streaming = (host: Host): Promise<unknown> =>
      eventually(
        () => statusOf(host)?.detail?.['phase'],
        (phase) => phase === 'streaming',
      )

    test.each(['read', 'insert'])(
      'that stands at a change it cannot map warns, and passes over it when a person says why: %s',
      async (op) => {
        const rows = "INSERT INTO customer VALUES (1, 'Ada'); INSERT INTO customer VALUES (2, NULL), (3, 'Alan')"
        if (op === 'read') await run(source, rows)
        const host = await start()
        if (op === 'insert') await streaming(host)
        if (op === 'insert') await run(source, rows)
        const stands = await eventually(
          () => statusOf(host),
          (status) => status?.state === 'failing',
        )
        const what = `${op} of public.customer {"id":2}`
        expect(stands?.lastError).toContain(what)
        expect(stands?.lastError).toMatch(/customers\.changed\.v1.*name/)
        expect([host.readiness().ready, host.readiness().warnings?.length]).toEqual([true, 1])
        expect(await labels()).toEqual([])
        expect(await asked('skip')).toMatchObject({ ok: false, message: expect.stringContaining('reason') })
        const reason = { why: 'a row of the tests' }
        // While it is tried again it does not stand there, and who asks is told to ask once more.
        const skipped = await eventually(
          () => asked('skip', reason),
          (outcome) => (outcome as { readonly ok: boolean }).ok,
        )
        expect(skipped).toMatchObject({ message: expect.stringContaining(`passes over ${what}`) })
        expect(await eventually(labels, (found) => found.length === 2)).toEqual(['changed 1', 'changed 3'])
        const kept = await ask(target, 'SELECT skipped_by, why FROM banyan.change_source_fault')
        expect(kept).toEqual([{ skipped_by: 'ada', why: 'a row of the tests' }])
        await streaming(host)
        expect(await asked('skip', reason)).toMatchObject({
          ok: false,
          message: expect.stringContaining('does not stand'),
        })
        await host.stop({ drainMs: 2_000 })
        const next = await start()
        await run(source, "INSERT INTO customer VALUES (4, 'Grace')")
        expect(await eventually(labels, (found) => found.length === 3)).toEqual(['changed 1', 'changed 3', 'changed 4'])
        expect(statusOf(next)?.state).not.toBe('failing')
      },
    )

    test('publishes no other service’s event', async () => {
      const host = await start({ toEvent: (_, publish) => publish(Others.events.seen, { id: 'x' }) })
      await run(source, "INSERT INTO customer VALUES (1, 'Ada')")
      const status = await eventually(
        () => statusOf(host),
        (found) => found?.state === 'failing',
      )
      expect(status?.lastError).toContain("'customers' publishes 'others.seen.v1', which is not its own event")
    })

    test('takes a new snapshot when it is asked to, also after its slot was lost', async () => {
      await run(source, "INSERT INTO customer VALUES (1, 'Ada')")
      const host = await start({ trackKeys: true })
      await eventually(labels, (found) => found.length === 1)
      expect(await asked('resnapshot')).toMatchObject({ ok: true })
      expect(await eventually(labels, (found) => found.length === 2)).toEqual(['changed 1', 'changed 1'])
      // A snapshot whose end is not noted yet begins again by itself, and misses nothing.
      await streaming(host)
      await host.stop({ drainMs: 2_000 })
      await ask(source, `SELECT pg_drop_replication_slot('${slot}')`)
      await run(source, 'DELETE FROM customer WHERE id = 1')
      const next = await start({ trackKeys: true })
      const refused = await eventually(
        () => statusOf(next),
        (found) => found?.state === 'failing',
      )
      expect(refused?.lastError).toContain('banyan bridges resnapshot')
      await asked('resnapshot')
      expect(await eventually(labels, (found) => found.length === 3)).toEqual(['changed 1', 'changed 1', 'removed 1'])
    })

    test.skipIf(name !== 'embedded')('makes a slot that standbys copy, when it is told to', async () => {
      const host = await start({ failover: true })
      await streaming(host)
      await run(source, "INSERT INTO customer VALUES (1, 'Ada')")
      expect(await eventually(labels, (found) => found.length === 1)).toEqual(['changed 1'])
      const rows = await ask(source, `SELECT failover, active FROM pg_replication_slots WHERE slot_name = '${slot}'`)
      expect(rows).toEqual([{ failover: true, active: true }])
      await host.stop({ drainMs: 2_000 })
      const next = await start({ failover: true })
      await run(source, "INSERT INTO customer VALUES (2, 'Alan')")
      expect(await eventually(labels, (found) => found.length === 2)).toEqual(['changed 1', 'changed 2'])
      await streaming(next)
    })
  },
  { mostlyOn: 'embedded' },
)
