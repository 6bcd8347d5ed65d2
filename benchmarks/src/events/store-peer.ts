/**
 * Transactions of one store, with and without an event, and appends to its streams. Arguments: the URL of the database, and that of a
 * log when what is published shall be relayed as well.
 */
import { createPostgresBus, createPostgresStore } from '@banyan/postgres'
import { createRelay, toNewEvent } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import { closedLoop } from '../measure/closed-loop.ts'
import { answerParent } from '../measure/peer.ts'
import { businessTables, toJob } from './pipeline.ts'

const [url = '', logUrl = ''] = process.argv.slice(2)
const environment = realEnvironment()
const { random, clock } = environment
const store = await createPostgresStore({ url, service: 'bank', maxConnections: 16 })
await store.migrate([{ name: '001-tables', checksum: 'bank', up: businessTables }])
const bus = logUrl === '' ? undefined : await createPostgresBus({ url: logUrl })
const holder = `bank#${random.uuidv7()}`
const relay = bus && createRelay({ environment, source: 'bank', outbox: store.outbox, bus, holder })
relay?.start()

function transaction(index: number, publish: boolean): Promise<void> {
  const job = toJob(index)
  return store.transact(async (tx) => {
    await tx.sql`UPDATE account SET balance = balance + ${job.amount} WHERE id = ${job.account}`
    await tx.sql`INSERT INTO entry (account, amount) VALUES (${job.account}, ${job.amount})`
    if (!publish) return
    const facts = { id: random.uuidv7(), system: 'bench', service: 'bank', type: 'bank.booked.v1', timeMs: clock.now() }
    tx.publish(toNewEvent({ ...facts, key: `account-${job.account}`, data: job }))
  })
}

answerParent(
  {
    transactions: ({ workers, ms, publish }: { workers: number; ms: number; publish: boolean }) =>
      closedLoop(workers, ms, (index) => transaction(index, publish)),
  },
  async () => {
    await relay?.stop({ flush: false })
    await Promise.all([store.close(500), bus?.close()])
  },
)
