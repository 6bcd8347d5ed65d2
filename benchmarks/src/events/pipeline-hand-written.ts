/**
 * A pipeline written by hand for this one purpose, as the limit: DELETE … RETURNING out of the outbox and into the log by 500, the
 * consumer's inbox, effects and checkpoint in one transaction by 500. One key space, no fencing, no retry, no parking, nobody else
 * may take over, and reading by serial id, which loses events that commit late when producers are not alone.
 * Arguments: the URLs of producer, log and consumer.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from './databases.ts'
import { businessTables, effectTables, type Job, servePipeline, toJob } from './pipeline.ts'

const batch = 500
const idleMs = 20
const [producerUrl = '', logUrl = '', consumerUrl = ''] = process.argv.slice(2)
const producer = connect(producerUrl, 18)
const log = connect(logUrl, 3)
const consumer = connect(consumerUrl, 3)
await producer.unsafe(
  `${businessTables}; CREATE TABLE outbox (id bigserial PRIMARY KEY, event_id uuid NOT NULL, payload text NOT NULL)`,
)
await log.unsafe('CREATE TABLE log (id bigserial PRIMARY KEY, event_id uuid NOT NULL UNIQUE, payload text NOT NULL)')
await consumer.unsafe(`${effectTables}; CREATE TABLE inbox (event_id uuid PRIMARY KEY);
  CREATE TABLE checkpoint (only_row boolean PRIMARY KEY DEFAULT true, last bigint NOT NULL); INSERT INTO checkpoint (last) VALUES (0)`)
let done = 0
let open = true

async function relayOnce(): Promise<number> {
  return producer.begin(async (tx) => {
    const rows = await tx`
      DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT ${batch} FOR UPDATE SKIP LOCKED)
      RETURNING id, event_id, payload`
    if (rows.length === 0) return 0
    const sorted = rows.toSorted((a, b) => Number(a['id']) - Number(b['id']))
    await log`
      INSERT INTO log (event_id, payload)
      SELECT * FROM unnest(${sorted.map((row) => row['event_id'])}::uuid[], ${sorted.map((row) => row['payload'])}::text[])
      ON CONFLICT DO NOTHING`
    return rows.length
  })
}

let last = 0

async function consumeOnce(): Promise<number> {
  const rows = await log`SELECT id, event_id, payload FROM log WHERE id > ${last} ORDER BY id LIMIT ${batch}`
  if (rows.length === 0) return 0
  const jobs = rows.map((row) => JSON.parse(row['payload']) as Job)
  const next = Number(rows.at(-1)?.['id'])
  await consumer.begin(async (tx) => {
    const ids = rows.map((row) => row['event_id'])
    await tx`INSERT INTO inbox SELECT * FROM unnest(${ids}::uuid[]) ON CONFLICT DO NOTHING`
    await tx`
      INSERT INTO effect (account, amount, note) SELECT * FROM
      unnest(${jobs.map((job) => job.account)}::int[], ${jobs.map((job) => job.amount)}::bigint[], ${jobs.map((job) => job.note)}::text[])`
    await tx`UPDATE checkpoint SET last = ${next}`
  })
  last = next
  done += rows.length
  return rows.length
}

async function forever(step: () => Promise<number>): Promise<void> {
  while (open) if ((await step()) === 0) await sleep(idleMs)
}
const loops = [forever(relayOnce), forever(consumeOnce)]

servePipeline({
  send(index) {
    const job = toJob(index)
    return producer.begin(async (tx) => {
      await tx`UPDATE account SET balance = balance + ${job.amount} WHERE id = ${job.account}`
      await tx`INSERT INTO entry (account, amount) VALUES (${job.account}, ${job.amount})`
      await tx`INSERT INTO outbox (event_id, payload) VALUES (gen_random_uuid(), ${JSON.stringify(job)})`
    })
  },
  done: () => done,
  purge: async () => undefined,
  async close() {
    open = false
    await Promise.all(loops)
    await Promise.all([producer.end({ timeout: 1 }), log.end({ timeout: 1 }), consumer.end({ timeout: 1 })])
  },
})
