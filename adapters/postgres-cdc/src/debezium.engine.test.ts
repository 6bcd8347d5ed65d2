// The outbox as a foreign reader of logical replication sees it: what Debezium's outbox event router needs is there. The
// stream is decoded by another implementation than ours (pg-logical-replication), with the publication of the guide.
import { readFile } from 'node:fs/promises'
import { createPostgresStore } from '@banyan/postgres'
import { toNewEvent } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import type { NewEvent } from 'banyan/store'
import { LogicalReplicationService, PgoutputPlugin } from 'pg-logical-replication'
import { expect, test } from 'vitest'
import { ask, createDatabase, describeEngines, eventually, run } from './testing/engines.ts'

const guide = new URL('../../../docs/guide/cdc.md', import.meta.url)

interface Decoded {
  readonly tag: string
  readonly relation?: { readonly schema: string; readonly name: string }
  readonly new?: Readonly<Record<string, unknown>>
}

const publication = 'banyan_outbox'

/** The publication and the connector's configuration as the guide gives them. */
async function readGuide(): Promise<{ readonly sql: string; readonly config: Readonly<Record<string, string>> }> {
  const text = await readFile(guide, 'utf8')
  const sql = /```sql\n(CREATE PUBLICATION banyan_outbox[\s\S]*?)```/.exec(text)?.[1] ?? ''
  const json = /```json\n(\{\s*"name": "[^"]*outbox[\s\S]*?)```/.exec(text)?.[1] ?? '{}'
  const { config = {} } = JSON.parse(json) as { config?: Record<string, string> }
  return { sql, config }
}

/** Twenty events of three keys and two types. */
function createEvents(): readonly NewEvent[] {
  const { random } = realEnvironment()
  return Array.from({ length: 20 }, (_, n) =>
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
}

/** Decodes a slot with another implementation than ours, until it is stopped; then the slot is gone. */
async function decode(url: string): Promise<{ readonly messages: readonly Decoded[]; stop(): Promise<void> }> {
  const slot = `debezium_${new URL(url).pathname.slice(1)}`
  await ask(url, 'SELECT pg_create_logical_replication_slot($1, $2)', [slot, 'pgoutput'])
  const messages: Decoded[] = []
  const acknowledge = { auto: false, timeoutSeconds: 0 }
  const service = new LogicalReplicationService({ connectionString: url }, { acknowledge })
  service.on('data', (_lsn: string, message: Decoded) => void messages.push(message))
  service.on('error', () => {})
  const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: [publication] })
  const streaming = service.subscribe(plugin, slot)
  const active = (what: string): Promise<readonly unknown[]> =>
    ask(url, `SELECT ${what} FROM pg_replication_slots WHERE slot_name = $1 AND active`, [slot])
  return {
    messages,
    async stop() {
      await service.destroy()
      await streaming.catch(() => {})
      await active('pg_terminate_backend(active_pid)')
      await eventually(
        () => active('1'),
        (rows) => rows.length === 0,
      )
      await ask(url, 'SELECT pg_drop_replication_slot($1)', [slot])
    },
  }
}

describeEngines('the outbox as Debezium reads it', (engine) => {
  test('INSERTs only, under one name, with the columns that the guide maps, in order', async () => {
    const { sql, config } = await readGuide()
    const url = await createDatabase(engine(), 'outbox')
    const store = await createPostgresStore({ url, service: 'orders' })
    await store.migrate([])
    await run(url, sql)
    const decoder = await decode(url)
    const events = createEvents()
    for (let n = 0; n < 20; n += 2)
      await store.transact(async (tx) => {
        for (const event of events.slice(n, n + 2)) tx.publish(event)
      })
    // What the relay does behind itself is no event.
    await store.outbox.trim((await store.outbox.read(undefined, 100)).cursor)
    const inserts = (): readonly Decoded[] => decoder.messages.filter((message) => message.tag === 'insert')
    await eventually(
      async () => inserts().length,
      (count) => count >= 20,
    )

    const field = (name: string): string => config[`transforms.outbox.${name}`] ?? `no ${name} in the guide`
    const column = (name: string): readonly unknown[] => inserts().map(({ new: row }) => row?.[field(name)])
    const table = ({ relation }: Decoded): string => `${relation?.schema}.${relation?.name}`
    expect(new Set(inserts().map(table))).toEqual(new Set([config['table.include.list']]))
    expect(column('table.field.event.id')).toEqual(events.map((event) => event.id))
    expect(column('table.field.event.key')).toEqual(events.map((event) => event.key))
    expect(column('route.by.field')).toEqual(events.map((event) => event.type))
    expect(column('table.field.event.payload')).toEqual(events.map((event) => event.envelope))
    for (const placed of field('table.fields.additional.placement').split(','))
      expect(inserts()[0]?.new).toHaveProperty(placed.split(':')[0] ?? '')
    const tags = new Set(decoder.messages.map((message) => message.tag))
    expect(tags).toEqual(new Set(['begin', 'relation', 'insert', 'commit']))
    expect(config).toMatchObject({
      'plugin.name': 'pgoutput',
      'publication.name': publication,
      'publication.autocreate.mode': 'disabled',
    })
    await decoder.stop()
    await store.close()
  })
})
