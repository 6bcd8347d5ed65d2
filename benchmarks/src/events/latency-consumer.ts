/** The other service of the latency measurement: a process of its own that notes how old an event was when its effect had committed. */
import { createPostgresBus, createPostgresStore } from '@banyan/postgres'
import { createConsumer, fromEnvelope } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import { answerParent } from '../measure/peer.ts'
import { effectTables } from './pipeline.ts'

const [url = '', logUrl = ''] = process.argv.slice(2)
const environment = realEnvironment()
const store = await createPostgresStore({ url, service: 'reports', maxConnections: 16 })
await store.migrate([{ name: '001-tables', checksum: 'reports', up: effectTables }])
const bus = await createPostgresBus({ url: logUrl })
let latencies: number[] = []

const consumer = createConsumer({
  environment,
  group: 'reports',
  source: 'bank',
  inbox: store.inbox,
  bus,
  holder: `reports#${environment.random.uuidv7()}`,
  subscriptions: new Set(['bank.booked.v1']),
  async handle(event, _attempt, delivery, signal) {
    const { sentMs } = fromEnvelope(event.envelope).data as { sentMs: number }
    await store.transact((tx) => tx.sql`INSERT INTO effect (account, amount, note) VALUES (1, 1, 'x')`, {
      delivery,
      signal,
    })
    latencies.push(performance.timeOrigin + performance.now() - sentMs)
  },
})
consumer.start()

answerParent(
  {
    seen: () => latencies.length,
    take() {
      const taken = latencies
      latencies = []
      return taken
    },
  },
  async () => {
    await consumer.stop({ withinMs: 500 })
    await Promise.all([store.close(500), bus.close()])
  },
)
