// The outbox as a foreign reader of logical replication sees it: what Debezium's outbox event router needs is there. The
// stream is decoded by another implementation than ours (pg-logical-replication), with the publication of the guide.
import { readFile } from 'node:fs/promises'
import { createPostgresStore } from '@banyan/postgres'
import { toNewEvent } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import { LogicalReplicationService, PgoutputPlugin } from 'pg-logical-replication'
import { expect, test } from 'vitest'
import { ask, createDatabase, describeEngines, eventually, run } from './testing/engines.ts'

const guide = new URL('../../../docs/guide/cdc.md', import.meta.url)

interface Decoded {
  readonly tag: string
  readonly relation?: { readonly schema: string; readonly name: string }
  readonly new?: Readonly<Record<string, unknown>>
}

describeEngines('the outbox as Debezium reads it', (engine) => {
  test('INSERTs only, under one name, with the columns that the guide maps, in order', async () => {
    const text = await readFile(guide, 'utf8')
    const sql = /```sql\n(CREATE PUBLICATION banyan_outbox[\s\S]*?)```/.exec(text)?.[1] ?? ''
    const connector = JSON.parse(/```json\n(\{\s*"name": "[^"]*outbox[\s\S]*?)```/.exec(text)?.[1] ?? '{}') as {
      config: Record<string, string>
    }
    const url = await createDatabase(engine(), 'outbox')
    const store = await createPostgresStore({ url, service: 'orders' })
    await store.migrate([])
    await run(url, sql)
    const slot = `debezium_${new URL(url).pathname.slice(1)}`
    await ask(url, 'SELECT pg_create_logical_replication_slot($1, $2)', [slot, 'pgoutput'])

    const messages: Decoded[] = []
    const service = new LogicalReplicationService(
      { connectionString: url },
      { acknowledge: { auto: false, timeoutSeconds: 0 } },
    )
    service.on('data', (_lsn: string, message: Decoded) => {
      messages.push(message)
    })
    service.on('error', () => {})
    const streaming = service.subscribe(
      new PgoutputPlugin({ protoVersion: 1, publicationNames: ['banyan_outbox'] }),
      slot,
    )
    const random = realEnvironment().random
    const events = Array.from({ length: 20 }, (_, n) =>
      toNewEvent({
        id: random.uuidv7(),
        system: 'shop',
        service: 'orders',
        type: n % 2 === 0 ? 'orders.placed.v1' : 'orders.paid.v1',
        key: `o-${n % 3}`,
        timeMs: n,
        data: { n },
      }),
    )
    for (let n = 0; n < 20; n += 2)
      await store.transact(async (tx) => {
        for (const event of events.slice(n, n + 2)) tx.publish(event)
      })
    // What the relay does behind itself is no event.
    const page = await store.outbox.read(undefined, 100)
    await store.outbox.trim(page.cursor)
    await eventually(
      () => messages.filter((message) => message.tag === 'insert').length,
      (count) => count >= 20,
    )

    const field = (name: string): string => connector.config[`transforms.outbox.${name}`] ?? `no ${name} in the guide`
    const rows = messages.filter((message) => message.tag === 'insert')
    expect(rows.map((message) => `${message.relation?.schema}.${message.relation?.name}`)).toEqual(
      rows.map(() => connector.config['table.include.list']),
    )
    expect(rows.map(({ new: row }) => row?.[field('table.field.event.id')])).toEqual(events.map((event) => event.id))
    expect(rows.map(({ new: row }) => row?.[field('table.field.event.key')])).toEqual(events.map((event) => event.key))
    expect(rows.map(({ new: row }) => row?.[field('route.by.field')])).toEqual(events.map((event) => event.type))
    expect(rows.map(({ new: row }) => row?.[field('table.field.event.payload')])).toEqual(
      events.map((event) => event.envelope),
    )
    for (const placed of field('table.fields.additional.placement').split(','))
      expect(rows[0]?.new).toHaveProperty(placed.split(':')[0] ?? '')
    expect(new Set(messages.map((message) => message.tag))).toEqual(new Set(['begin', 'relation', 'insert', 'commit']))
    expect(connector.config).toMatchObject({
      'plugin.name': 'pgoutput',
      'publication.name': 'banyan_outbox',
      'publication.autocreate.mode': 'disabled',
    })

    await service.destroy()
    await streaming.catch(() => {})
    await ask(
      url,
      'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1 AND active',
      [slot],
    )
    await eventually(
      () => ask(url, 'SELECT 1 FROM pg_replication_slots WHERE slot_name = $1 AND active', [slot]),
      (rows) => rows.length === 0,
    )
    await ask(url, 'SELECT pg_drop_replication_slot($1)', [slot])
    await store.close()
  })
})
