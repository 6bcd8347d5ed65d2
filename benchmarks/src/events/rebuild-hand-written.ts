/**
 * The same read model filled by hand, as the limit of the machine: a page of the log, JSON.parse, one statement, one page after the other.
 * Nothing is checked, marked, fenced or tried again, and there is no checkpoint. Arguments: the URLs of the database and of the log.
 */
import { answerParent } from '../measure/peer.ts'
import { connect } from './databases.ts'

const page = 2_000
const [url = '', logUrl = ''] = process.argv.slice(2)
const [own, log] = [connect(url, 1), connect(logUrl, 1)]
await own.unsafe('CREATE TABLE balance (account int PRIMARY KEY, balance bigint NOT NULL, events bigint NOT NULL)')
let done = 0
let open = true
let running: Promise<void> = Promise.resolve()

interface Row {
  readonly log_offset: string
  readonly envelope: string
}

async function applyAfter(after: number): Promise<number> {
  const rows = await log<Row[]>`
    SELECT log_offset, envelope FROM banyan.event WHERE source = 'bank' AND log_offset > ${after}
    ORDER BY log_offset LIMIT ${page}`
  const all = rows.map(({ envelope }) => (JSON.parse(envelope) as { data: { account: number; amount: number } }).data)
  await own`
    INSERT INTO balance
    SELECT account, sum(amount), count(*)
    FROM unnest(${all.map(({ account }) => account)}::int[], ${all.map(({ amount }) => amount)}::bigint[])
      AS e (account, amount)
    GROUP BY account ORDER BY account
    ON CONFLICT (account) DO UPDATE
      SET balance = balance.balance + excluded.balance, events = balance.events + excluded.events`
  done += rows.length
  return rows.length === page ? Number(rows.at(-1)?.log_offset) : -1
}

async function applyAll(): Promise<void> {
  for (let after = 0; open && after >= 0; ) after = await applyAfter(after)
}

answerParent(
  {
    start() {
      running = applyAll()
    },
    done: () => done,
    async total() {
      const [row] = await own<{ events: number }[]>`SELECT coalesce(sum(events), 0)::int AS events FROM balance`
      return row?.events ?? 0
    },
  },
  async () => {
    open = false
    await running
    await Promise.all([own.end({ timeout: 1 }), log.end({ timeout: 1 })])
  },
)
