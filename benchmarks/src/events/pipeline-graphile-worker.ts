/**
 * graphile-worker 0.18: `add_job` in the business transaction, a task inserts the effect. Arguments: the URL, and `default` (one job at
 * a time, as its library runs without a setting) or `tuned` (16 at a time, jobs fetched and completed by hundreds).
 */
import { Logger, run } from 'graphile-worker'
import pg from 'pg'
import { toPgConfig } from './databases.ts'
import { businessTables, effectTables, type Job, servePipeline, toJob } from './pipeline.ts'

const [url = '', mode = 'default'] = process.argv.slice(2)
const pool = new pg.Pool({ ...toPgConfig(url), max: 40 })
await pool.query(businessTables)
await pool.query(effectTables)
let done = 0
const logger = new Logger(() => () => undefined)
const tuned = {
  concurrency: 16,
  preset: { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
}
const runner = await run({
  pgPool: pool,
  logger,
  noHandleSignals: true,
  ...(mode === 'tuned' ? tuned : {}),
  taskList: {
    async booked(payload) {
      const job = payload as Job
      const values = [job.account, job.amount, job.note]
      await pool.query('INSERT INTO effect (account, amount, note) VALUES ($1, $2, $3)', values)
      done += 1
    },
  },
})

servePipeline({
  async send(index) {
    const job = toJob(index)
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      await client.query('UPDATE account SET balance = balance + $1 WHERE id = $2', [job.amount, job.account])
      await client.query('INSERT INTO entry (account, amount) VALUES ($1, $2)', [job.account, job.amount])
      await client.query('SELECT graphile_worker.add_job($1, $2::json)', ['booked', JSON.stringify(job)])
      await client.query('COMMIT')
    } finally {
      client.release()
    }
  },
  done: () => done,
  purge: () => pool.query('DELETE FROM graphile_worker._private_jobs WHERE locked_at IS NULL'),
  async close() {
    await runner.stop()
    await pool.end()
  },
})
