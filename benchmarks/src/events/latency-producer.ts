/** The producer of the latency measurement: an open load at a rate, so that a slow answer does not hold back what comes next. */
import { createPostgresBus, createPostgresStore } from '@banyan/postgres'
import { createRelay, toNewEvent } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import { answerParent } from '../measure/peer.ts'
import { type OpenLoad, openLoad } from './open-load.ts'
import { businessTables, toJob } from './pipeline.ts'

const [url = '', logUrl = ''] = process.argv.slice(2)
const environment = realEnvironment()
const { random, clock } = environment
const store = await createPostgresStore({ url, service: 'bank', maxConnections: 16 })
await store.migrate([{ name: '001-tables', checksum: 'bank', up: businessTables }])
const bus = await createPostgresBus({ url: logUrl })
const relay = createRelay({ environment, source: 'bank', outbox: store.outbox, bus, holder: `bank#${random.uuidv7()}` })
relay.start()

/** The time that counts begins before the transaction does. */
async function send(index: number): Promise<void> {
  const job = toJob(index)
  const sentMs = performance.timeOrigin + performance.now()
  await store.transact(async (tx) => {
    await tx.sql`UPDATE account SET balance = balance + ${job.amount} WHERE id = ${job.account}`
    await tx.sql`INSERT INTO entry (account, amount) VALUES (${job.account}, ${job.amount})`
    const facts = { id: random.uuidv7(), system: 'bench', service: 'bank', type: 'bank.booked.v1', timeMs: clock.now() }
    tx.publish(toNewEvent({ ...facts, key: `account-${job.account}`, data: { ...job, sentMs } }))
  })
}

answerParent({ load: (asked: OpenLoad) => openLoad(asked, send) }, async () => {
  await relay.stop({ flush: false })
  await Promise.all([store.close(500), bus.close()])
})
