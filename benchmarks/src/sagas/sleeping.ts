/** A million sagas that sleep: what their start and their waking up take, what they cost while they sleep, in rows and for others. */
import { setTimeout as sleep } from 'node:timers/promises'
import type postgres from 'postgres'
import { connect } from '../events/databases.ts'
import type { Load } from '../measure/closed-loop.ts'
import { type Peer, startPeer } from '../measure/peer.ts'
import { CpuMeter } from '../measure/process-cpu.ts'
import type { Effort, Section, Verdict } from '../measure/section.ts'
import { toTable, toText } from '../measure/table.ts'
import { type SagaDatabases, startSagaDatabases } from './databases.ts'

const fullSagas = 1_000_000
const quickSagas = 10_000
const atOnce = 20_000
const takes = 1_000
const withinMs = 1_800_000

const method = `
So many sagas are started through \`ctx.sagas.start\`, 256 at a time, by one host (8 connections, defaults); each goes to sleep for an hour.
Then that host is ended, the database's clock is moved by two hours, and a host that knows nothing yet takes all of them up: each is
replayed, does one step and ends. Memory is the highest that the process has had, everything included; its heap is limited to 64 MB and 4 MB
of young objects, since V8 collects late where there is much memory (without a limit it peaks at 320 to 380 MB). *A take*: asking for what is due when
nothing is, 1 000 times, CPU of Postgres and of the host. *Sagas of 3 steps*: 32 at a time beside the sleepers. Before both, the
tables are vacuumed.`

interface Cost {
  readonly takeUs: number
  readonly sagaUs: number
  readonly perSecond: number
}

/** V8 collects late where there is much memory; with a limit, what is seen is what is held. */
const heapLimit = '--max-old-space-size=64 --max-semi-space-size=4'

const startHost = (url: string): Promise<Peer> =>
  startPeer(new URL('./sleeping-host.ts', import.meta.url), { args: [url], env: { NODE_OPTIONS: heapLimit } })

/** What taking and other sagas cost with as many asleep as there are. */
async function measureCost(databases: SagaDatabases, admin: postgres.Sql, peer: Peer, effort: Effort): Promise<Cost> {
  await admin.unsafe('VACUUM ANALYZE banyan.saga')
  await admin.unsafe('VACUUM ANALYZE banyan.saga_entry')
  const meter = new CpuMeter(() => [peer.pid, ...databases.pids()])
  const load = { workers: 32, ms: effort.measureMs * 5 }
  await peer.ask('load', load)
  await peer.ask('takes', takes / 10)
  meter.start()
  const taken = await peer.ask<number>('takes', takes)
  const takeUs = meter.total() / 1_000 / takes
  if (taken > 0) throw new Error(`${taken} sleepers were due`)
  meter.start()
  const { calls, perSecond } = await peer.ask<Load>('load', load)
  return { takeUs, sagaUs: meter.total() / 1_000 / calls, perSecond }
}

async function count(admin: postgres.Sql, which: string): Promise<number> {
  const [row] = await admin.unsafe(`SELECT count(*)::int AS n FROM banyan.saga WHERE name = 'sleeper' AND ${which}`)
  return row?.['n'] as number
}

async function until(admin: postgres.Sql, which: string, sagas: number): Promise<void> {
  const endMs = performance.now() + withinMs
  for (;;) {
    const found = await count(admin, which)
    if (found >= sagas) return
    if (performance.now() > endMs) throw new Error(`${found} of ${sagas} sagas: ${which}`)
    // Counting a million rows is not free.
    await sleep(sagas > atOnce ? 2_000 : 100)
  }
}

async function sizeOf(admin: postgres.Sql): Promise<number> {
  const [row] = await admin`
    SELECT sum(pg_total_relation_size(c.oid))::float8 AS bytes FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'banyan' AND c.relname LIKE 'saga%' AND c.relkind = 'r'`
  return row?.['bytes'] as number
}

async function putToSleep(admin: postgres.Sql, peer: Peer, sagas: number): Promise<number> {
  const startMs = performance.now()
  for (let from = 0; from < sagas; from += atOnce)
    await peer.ask('sleepers', { from, to: Math.min(sagas, from + atOnce) })
  await until(admin, "holder IS NULL AND due_at > banyan.now() + interval '1 minute'", sagas)
  return (performance.now() - startMs) / 1_000
}

async function measureAll(databases: SagaDatabases, effort: Effort, say: (line: string) => void): Promise<Section> {
  const sagas = effort.generations > 1 ? fullSagas : quickSagas
  const url = await databases.create('sagas_sleeping')
  const first = await startHost(url)
  const admin = connect(url, 1)
  let second: Peer | undefined
  try {
    const none = await measureCost(databases, admin, first, effort)
    const emptySize = await sizeOf(admin)
    say(`${sagas} sagas go to sleep`)
    const asleepSeconds = await putToSleep(admin, first, sagas)
    const bytes = ((await sizeOf(admin)) - emptySize) / sagas
    const many = await measureCost(databases, admin, first, effort)
    const asleepMb = await first.ask<number>('maxRssMb')
    await first.stop()
    say('they wake up')
    await admin`UPDATE banyan.clock SET shift = interval '2 hours'`
    const startMs = performance.now()
    second = await startHost(url)
    await until(admin, "state = 'completed'", sagas)
    const awakeSeconds = (performance.now() - startMs) / 1_000
    const awakeMb = await second.ask<number>('maxRssMb')
    return toSection({ sagas, bytes, none, many, asleepSeconds, asleepMb, awakeSeconds, awakeMb })
  } finally {
    await admin.end({ timeout: 1 })
    await Promise.all([first.stop(), second?.stop()])
  }
}

interface Found {
  readonly sagas: number
  readonly bytes: number
  readonly none: Cost
  readonly many: Cost
  readonly asleepSeconds: number
  readonly asleepMb: number
  readonly awakeSeconds: number
  readonly awakeMb: number
}

function toSection(found: Found): Section {
  const { sagas, bytes, none, many, asleepSeconds, asleepMb, awakeSeconds, awakeMb } = found
  const costRow = (asleep: number, { takeUs, sagaUs, perSecond }: Cost): string[] =>
    [asleep, takeUs, sagaUs, perSecond].map(toText)
  const verdicts: Verdict[] = [
    { claim: `highest memory of the host that starts ${toText(sagas)} sleepers, MB`, measured: asleepMb, atMost: 300 },
    { claim: `highest memory of the host that wakes them up, MB`, measured: awakeMb, atMost: 300 },
    {
      claim: 'CPU of a take with all of them asleep, of that with none',
      measured: many.takeUs / none.takeUs,
      atMost: 1.25,
    },
  ]
  return {
    title: 'Sleeping sagas',
    method,
    tables: [
      toTable(
        [`${toText(sagas)} sagas`, 's', 'per s', 'highest memory MB'],
        [
          ['started, until all sleep', ...[asleepSeconds, sagas / asleepSeconds, asleepMb].map(toText)],
          [
            'taken up by a new host, until all have ended',
            ...[awakeSeconds, sagas / awakeSeconds, awakeMb].map(toText),
          ],
        ],
      ),
      toTable(
        ['asleep', 'a take, CPU µs', 'saga of 3 steps, CPU µs', 'per s'],
        [costRow(0, none), costRow(sagas, many)],
      ),
      toTable(['a sleeper', 'bytes'], [['its row and its places in indexes', toText(bytes)]]),
    ],
    verdicts,
  }
}

/** See the top of the file. */
export async function benchmark(effort: Effort, say: (line: string) => void): Promise<Section> {
  const databases = await startSagaDatabases()
  try {
    return await measureAll(databases, effort, say)
  } finally {
    await databases.stop()
  }
}
