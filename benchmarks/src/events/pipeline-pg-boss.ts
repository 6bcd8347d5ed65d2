/**
 * pg-boss 12: the job is inserted in the business transaction, a worker inserts the effect. Arguments: the URL, and `default` or
 * `tuned` (batches of 100, four workers, no pause while batches are full). The effect and the job's completion are two transactions.
 */
import pg from 'pg'
import { PgBoss } from 'pg-boss'
import { toPgConfig } from './databases.ts'
import { businessTables, effectTables, type Job, servePipeline, toJob } from './pipeline.ts'

const [url = '', mode = 'default'] = process.argv.slice(2)
const config = toPgConfig(url)
const pool = new pg.Pool({ ...config, max: 20 })
await pool.query(businessTables)
await pool.query(effectTables)
const boss = new PgBoss({ ...config, max: 10 })
boss.on('error', () => undefined)
await boss.start()
await boss.createQueue('booked', mode === 'tuned' ? { notify: true } : {})
let done = 0

async function handle(jobs: readonly { readonly data: Job }[]): Promise<void> {
  const column = (name: keyof Job) => jobs.map(({ data }) => data[name])
  await pool.query(
    'INSERT INTO effect (account, amount, note) SELECT * FROM unnest($1::int[], $2::bigint[], $3::text[])',
    [column('account'), column('amount'), column('note')],
  )
  done += jobs.length
}
const tuned = { batchSize: 100, localConcurrency: 4, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 }
await boss.work<Job>('booked', mode === 'tuned' ? tuned : {}, handle)

servePipeline({
  async send(index) {
    const job = toJob(index)
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      await client.query('UPDATE account SET balance = balance + $1 WHERE id = $2', [job.amount, job.account])
      await client.query('INSERT INTO entry (account, amount) VALUES ($1, $2)', [job.account, job.amount])
      const db = { executeSql: (text: string, values?: unknown[]) => client.query(text, values) }
      await boss.send('booked', job, { db })
      await client.query('COMMIT')
    } finally {
      client.release()
    }
  },
  done: () => done,
  purge: () => boss.deleteQueuedJobs('booked'),
  async close() {
    await boss.stop({ graceful: false })
    await pool.end()
  },
})
