/** The event path: what an event costs its transaction, how many get through and how fast, what the log's length and a backlog do. */
import type { Effort, Section } from '../measure/section.ts'
import { appends } from './appends.ts'
import { type Databases, startDatabases } from './databases.ts'
import { endToEnd } from './end-to-end.ts'
import { latency } from './latency.ts'
import { rebuild } from './rebuild.ts'
import { retained } from './retained.ts'
import { transactions } from './transactions.ts'

const method = `
One embedded PostgreSQL for everybody (shared_buffers 256 MB, fsync on, defaults otherwise), every variant in a process of its own with
databases of its own, rounds in turn.

*Transactions*: update an account, insert an entry, commit; with one event of about 200 bytes of data, or without.

*End to end*: the same transaction sends a job, 16 producers at a time, for a while; the clock stops when all of them have had their
effect, one row in another table, or after four times as long. Banyan's way is outbox, relay, log, inbox and effect over three
databases; the effect and the mark that it is done are one transaction under a fencing epoch. pg-boss and graphile-worker keep the job
in the producer's own database and complete it in a transaction of its own, so their effects are at least once. At their
defaults pg-boss looks every two seconds for one job and graphile-worker runs one at a time; their tuned rows are beside it. The pipeline by hand
has no fencing, no retry, no parking and no order by key; it is what the machine gives.

*Latency*: an open load at random moments; from before the transaction begins to after the effect's commit, in another process. By hand:
outbox, a relay told in the process, log, NOTIFY, LISTEN, inbox and effect; without lease, fencing, order by key or proof of what may be read. *Its transaction alone*: from begin to commit, without an event
and with nobody behind it: the first of the three commits that are on the way of an event, and what this machine's disk and scheduler do to one.

*Retained events*: the log is filled up to a length while nobody consumes; then a consumer (batches of 500) catches up from its beginning,
and then the end-to-end load runs on top of what is retained: log, marks and effects. The process has a heap of 64 MB, since V8 collects late where
there is much memory (without a limit it peaks at 340 to 380 MB, no faster).

*Rebuild*: a host is started on a log that is there already and fills its projection from the beginning, up to 2 000 events a transaction, with
a handler that takes them all at once or one by one; and a loop by hand that reads pages, parses them and writes them by the same statement,
with no checks, marks, fencing or checkpoint: what the machine and Postgres give. Events per second of wall clock, and per second of CPU of
host and Postgres together.

*Appends*: at an expected version, one event or ten, to Banyan's event store and to Emmett's.
`

async function measureAll(databases: Databases, effort: Effort, say: (line: string) => void): Promise<Section> {
  const ofTransactions = await transactions(databases, effort, say)
  const ofPipelines = await endToEnd(databases, effort, say)
  const ofLatency = await latency(databases, effort, say)
  const ofAppends = await appends(databases, effort, say)
  const ofRetained = await retained(databases, effort, say)
  const ofRebuild = await rebuild(databases, effort, say)
  const parts = [ofTransactions, ofPipelines, ofLatency, ofAppends, ofRetained, ofRebuild]
  return {
    title: 'Events',
    method,
    tables: [
      ...ofTransactions.tables,
      ofPipelines.table,
      ofLatency.table,
      ...ofAppends.tables,
      ofRetained.table,
      ofRebuild.table,
    ],
    verdicts: parts.flatMap(({ verdicts }) => verdicts),
  }
}

/** See the top of the file. */
export async function benchmark(effort: Effort, say: (line: string) => void): Promise<Section> {
  const databases = await startDatabases()
  try {
    return await measureAll(databases, effort, say)
  } finally {
    await databases.stop()
  }
}
