/**
 * Banyan: store, outbox, relay, log on Postgres, consumer, in one process as a host runs them; three databases. Arguments: the URLs of
 * producer, log and consumer, and `single` (a transaction per event, the default) or a size of batches.
 */
import { createPostgresBus, createPostgresStore, type PostgresStore } from '@banyan/postgres'
import { type ConsumerOptions, createConsumer, createRelay, fromEnvelope, toNewEvent } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import type { StoreTransaction } from 'banyan/store'
import { businessTables, effectTables, type Job, servePipeline, toJob } from './pipeline.ts'

const [producerUrl = '', logUrl = '', consumerUrl = '', mode = 'single'] = process.argv.slice(2)
const environment = realEnvironment()
const { random, clock } = environment
const type = 'bank.booked.v1'
const producer = await open(producerUrl, 'bank', businessTables, 16)
const consumer = await open(consumerUrl, 'reports', effectTables, 16)
const bus = await createPostgresBus({ url: logUrl })
let done = 0

async function open(url: string, service: string, up: string, maxConnections: number): Promise<PostgresStore> {
  const store = await createPostgresStore({ url, service, maxConnections })
  await store.migrate([{ name: '001-tables', checksum: service, up }])
  return store
}

const jobOf = (envelope: string): Job => fromEnvelope(envelope).data as Job

async function apply(tx: StoreTransaction, job: Job): Promise<void> {
  await tx.sql`INSERT INTO effect (account, amount, note) VALUES (${job.account}, ${job.amount}, ${job.note})`
}

async function applyAll(tx: StoreTransaction, jobs: readonly Job[]): Promise<void> {
  const column = (name: keyof Job) => jobs.map((job) => job[name])
  await tx.sql`
    INSERT INTO effect (account, amount, note)
    SELECT * FROM unnest(${column('account')}::int[], ${column('amount')}::bigint[], ${column('note')}::text[])`
}

const batching: Partial<ConsumerOptions> = {
  policyOf: () => ({ batch: { size: Number(mode), waitMs: 0 } }),
  maxBuffered: 2 * Number(mode),
  handleBatch: async (events, _attempt, delivery, signal) => {
    await consumer.transact(
      (tx) =>
        applyAll(
          tx,
          events.map(({ envelope }) => jobOf(envelope)),
        ),
      { delivery, signal },
    )
    done += events.length
  },
}
const relay = createRelay({
  environment,
  source: 'bank',
  outbox: producer.outbox,
  bus,
  holder: `bank#${random.uuidv7()}`,
})
const consuming = createConsumer({
  environment,
  group: 'reports',
  source: 'bank',
  inbox: consumer.inbox,
  bus,
  holder: `reports#${random.uuidv7()}`,
  subscriptions: new Set([type]),
  handle: async (event, _attempt, delivery, signal) => {
    await consumer.transact((tx) => apply(tx, jobOf(event.envelope)), { delivery, signal })
    done += 1
  },
  ...(mode === 'single' ? {} : batching),
})
relay.start()
consuming.start()

servePipeline({
  send(index) {
    const job = toJob(index)
    return producer.transact(async (tx) => {
      await tx.sql`UPDATE account SET balance = balance + ${job.amount} WHERE id = ${job.account}`
      await tx.sql`INSERT INTO entry (account, amount) VALUES (${job.account}, ${job.amount})`
      const facts = { id: random.uuidv7(), system: 'bench', service: 'bank', type, timeMs: clock.now() }
      tx.publish(toNewEvent({ ...facts, key: `account-${job.account}`, data: job }))
    })
  },
  done: () => done,
  purge: async () => undefined,
  async close() {
    await consuming.stop({ withinMs: 1_000 })
    await relay.stop({ flush: false })
    await Promise.all([producer.close(500), consumer.close(500), bus.close()])
  },
})
