/**
 * The floor of the latency measurement: the business transaction by itself, with no event and nobody behind it, under the same
 * open load. Argument: the URL of the database.
 */
import { answerParent } from '../measure/peer.ts'
import { connect } from './databases.ts'
import { type OpenLoad, openLoad } from './open-load.ts'
import { businessTables, toJob } from './pipeline.ts'

const [url = ''] = process.argv.slice(2)
const own = connect(url, 16)
await own.unsafe(businessTables)
let latencies: number[] = []

async function transact(index: number): Promise<void> {
  const job = toJob(index)
  const startMs = performance.now()
  await own.begin(async (tx) => {
    await tx`UPDATE account SET balance = balance + ${job.amount} WHERE id = ${job.account}`
    await tx`INSERT INTO entry (account, amount) VALUES (${job.account}, ${job.amount})`
  })
  latencies.push(performance.now() - startMs)
}

answerParent(
  {
    async load(asked: OpenLoad) {
      latencies = []
      await openLoad(asked, transact)
      return latencies
    },
  },
  () => own.end({ timeout: 1 }),
)
