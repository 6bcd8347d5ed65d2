/** How fast a projection is rebuilt from a log that is there already; one filled by hand beside it, as the limit of the machine. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Peer, startPeer } from '../measure/peer.ts'
import { CpuMeter } from '../measure/process-cpu.ts'
import type { Effort, Verdict } from '../measure/section.ts'
import { median } from '../measure/statistics.ts'
import { toTable, toText } from '../measure/table.ts'
import type { Databases } from './databases.ts'
import { fill } from './retained.ts'

const fullEvents = 300_000
const quickEvents = 5_000
const withinMs = 600_000

const ways = [
  { name: 'one statement for all events of a transaction', peer: './projection-peer.ts', args: ['batch'], share: 1 },
  // Of the slow way the beginning tells enough.
  { name: 'one statement for each event', peer: './projection-peer.ts', args: ['each'], share: 0.1 },
  { name: 'by hand: read, JSON.parse, one statement', peer: './rebuild-hand-written.ts', args: [], share: 1 },
] as const
type Way = (typeof ways)[number]

interface Rebuilt {
  readonly perSecond: number
  readonly perCpuSecond: number
  readonly hostUs: number
  readonly postgresUs: number
}

/** Waits until there are so many events; how many there are then. */
async function until(peer: Peer, question: 'done' | 'total', events: number): Promise<number> {
  const endMs = performance.now() + withinMs
  for (;;) {
    const done = await peer.ask<number>(question)
    if (done >= events) return done
    if (performance.now() > endMs) throw new Error(`the projection has ${done} of ${events} events`)
    await sleep(20)
  }
}

async function measure(databases: Databases, way: Way, log: string, own: string, events: number): Promise<Rebuilt> {
  const peer = await startPeer(new URL(way.peer, import.meta.url), { args: [own, log, ...way.args] })
  const [host, postgres] = [new CpuMeter(() => [peer.pid]), new CpuMeter(databases.pids)]
  host.start()
  postgres.start()
  const startMs = performance.now()
  try {
    await peer.ask('start')
    const done = await until(peer, 'done', events * way.share)
    const perSecond = done / ((performance.now() - startMs) / 1_000)
    const [hostUs, postgresUs] = [host.total() / 1_000 / done, postgres.total() / 1_000 / done]
    if (way.share === 1) await until(peer, 'total', events)
    return { perSecond, perCpuSecond: 1_000_000 / (hostUs + postgresUs), hostUs, postgresUs }
  } finally {
    await peer.stop()
  }
}

/** Measures, each generation of each way on an empty database of its own and the same log. */
export async function rebuild(
  databases: Databases,
  effort: Effort,
  say: (line: string) => void,
): Promise<{ readonly table: string; readonly verdicts: readonly Verdict[] }> {
  const events = effort.generations > 1 ? fullEvents : quickEvents
  const log = await databases.create('rebuild_log')
  await fill({ own: await databases.create('rebuild_filler'), log }, events)
  const all = new Map<Way, Rebuilt[]>(ways.map((way) => [way, []]))
  for (let generation = 0; generation < effort.generations; generation += 1) {
    say(`rebuild, generation ${generation + 1} of ${effort.generations}`)
    for (const [index, way] of ways.entries()) {
      const own = await databases.create(`rebuild_${generation}_${index}`)
      all.get(way)?.push(await measure(databases, way, log, own, events))
    }
  }
  const middle = (way: Way, name: keyof Rebuilt): number => median((all.get(way) ?? []).map((one) => one[name]))
  const numbers = ['perSecond', 'perCpuSecond', 'hostUs', 'postgresUs'] as const
  const head = [
    `rebuilt from ${toText(events)} events`,
    'events per s',
    'per CPU second',
    'host CPU µs',
    'Postgres CPU µs',
  ]
  const rows = ways.map((way) => [way.name, ...numbers.map((name) => toText(middle(way, name)))])
  return {
    table: toTable(head, rows),
    verdicts: [
      {
        claim: 'projection rebuild, events per CPU second',
        measured: middle(ways[0], 'perCpuSecond'),
        atLeast: 50_000,
      },
    ],
  }
}
