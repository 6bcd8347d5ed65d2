/**
 * The producer of the latency measurement, by hand: outbox, a relay that is told in the process of each commit, a log, NOTIFY. One
 * key space, no lease, no proof of what may be read; as the limit of what the machine gives. Arguments: the URLs of producer and log.
 */
import { answerParent } from '../measure/peer.ts'
import { connect } from './databases.ts'
import { type OpenLoad, openLoad } from './open-load.ts'
import { businessTables, toJob } from './pipeline.ts'

const batch = 500
const [url = '', logUrl = ''] = process.argv.slice(2)
const own = connect(url, 16)
const log = connect(logUrl, 2)
await own.unsafe(
  `${businessTables}; CREATE TABLE outbox (id bigserial PRIMARY KEY, event_id uuid NOT NULL, payload text NOT NULL)`,
)
await log.unsafe('CREATE TABLE log (id bigserial PRIMARY KEY, event_id uuid NOT NULL UNIQUE, payload text NOT NULL)')

let [relaying, again] = [false, false]

async function relay(): Promise<void> {
  again = true
  if (relaying) return
  relaying = true
  while (again) {
    again = false
    const rows = await own`SELECT id, event_id, payload FROM outbox ORDER BY id LIMIT ${batch}`
    if (rows.length === 0) continue
    await log`
      INSERT INTO log (event_id, payload)
      SELECT * FROM unnest(${rows.map((row) => row['event_id'])}::uuid[], ${rows.map((row) => row['payload'])}::text[])`
    void log`SELECT pg_notify('grown', '')`.catch(() => undefined)
    await own`DELETE FROM outbox WHERE id = ANY (${rows.map((row) => row['id'])}::bigint[])`
  }
  relaying = false
}

async function send(index: number): Promise<void> {
  const job = toJob(index)
  const sentMs = performance.timeOrigin + performance.now()
  await own.begin(async (tx) => {
    await tx`UPDATE account SET balance = balance + ${job.amount} WHERE id = ${job.account}`
    await tx`INSERT INTO entry (account, amount) VALUES (${job.account}, ${job.amount})`
    await tx`INSERT INTO outbox (event_id, payload) VALUES (gen_random_uuid(), ${JSON.stringify({ ...job, sentMs })})`
  })
  void relay()
}

answerParent({ load: (asked: OpenLoad) => openLoad(asked, send) }, async () => {
  await Promise.all([own.end({ timeout: 1 }), log.end({ timeout: 1 })])
})
