/** The other service of the latency measurement, by hand: LISTEN, read on by serial id, inbox and effect in one transaction each. */
import { answerParent } from '../measure/peer.ts'
import { connect } from './databases.ts'
import { effectTables } from './pipeline.ts'

const batch = 500
const [url = '', logUrl = ''] = process.argv.slice(2)
const own = connect(url, 16)
const log = connect(logUrl, 2)
await own.unsafe(`${effectTables}; CREATE TABLE inbox (event_id uuid PRIMARY KEY)`)
let latencies: number[] = []
let last = 0
let [reading, again] = [false, false]

async function apply(eventId: string, payload: string): Promise<void> {
  const { sentMs } = JSON.parse(payload) as { sentMs: number }
  await own.begin(async (tx) => {
    await tx`INSERT INTO inbox VALUES (${eventId})`
    await tx`INSERT INTO effect (account, amount, note) VALUES (1, 1, 'x')`
  })
  latencies.push(performance.timeOrigin + performance.now() - sentMs)
}

async function read(): Promise<void> {
  again = true
  if (reading) return
  reading = true
  while (again) {
    again = false
    const rows = await log`SELECT id, event_id, payload FROM log WHERE id > ${last} ORDER BY id LIMIT ${batch}`
    for (const row of rows) void apply(row['event_id'], row['payload'])
    if (rows.length > 0) [last, again] = [Number(rows.at(-1)?.['id']), true]
  }
  reading = false
}
await log.listen('grown', () => void read())

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
    await Promise.all([own.end({ timeout: 1 }), log.end({ timeout: 1 })])
  },
)
