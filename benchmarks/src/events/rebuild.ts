/** How fast a projection is rebuilt from a log that is there already. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startPeer } from '../measure/peer.ts'
import { CpuMeter } from '../measure/process-cpu.ts'
import type { Effort, Verdict } from '../measure/section.ts'
import { median } from '../measure/statistics.ts'
import { toTable, toText } from '../measure/table.ts'
import type { Databases } from './databases.ts'
import { fill } from './retained.ts'

const fullEvents = 300_000
const quickEvents = 5_000
const withinMs = 600_000

interface Rebuilt {
  readonly perSecond: number
  readonly perCpuSecond: number
  readonly hostUs: number
  readonly postgresUs: number
}

async function measure(databases: Databases, log: string, own: string, events: number): Promise<Rebuilt> {
  const peer = await startPeer(new URL('./projection-peer.ts', import.meta.url), { args: [own, log] })
  const [host, postgres] = [new CpuMeter(() => [peer.pid]), new CpuMeter(databases.pids)]
  host.start()
  postgres.start()
  const startMs = performance.now()
  try {
    let [first, firstMs] = [0, startMs]
    for (;;) {
      const done = await peer.ask<number>('total')
      if (done >= events) break
      if (first === 0 && done > 0) [first, firstMs] = [done, performance.now()]
      if (performance.now() - startMs > withinMs) throw new Error(`the projection has ${done} of ${events} events`)
      await sleep(50)
    }
    const perSecond = (events - first) / ((performance.now() - firstMs) / 1_000)
    const [hostUs, postgresUs] = [host.total() / 1_000 / events, postgres.total() / 1_000 / events]
    return { perSecond, perCpuSecond: 1_000_000 / (hostUs + postgresUs), hostUs, postgresUs }
  } finally {
    await peer.stop()
  }
}

/** Measures, each generation on an empty database of its own and the same log. */
export async function rebuild(
  databases: Databases,
  effort: Effort,
  say: (line: string) => void,
): Promise<{ readonly table: string; readonly verdicts: readonly Verdict[] }> {
  const events = effort.generations > 1 ? fullEvents : quickEvents
  const log = await databases.create('rebuild_log')
  await fill({ own: await databases.create('rebuild_filler'), log }, events)
  const all: Rebuilt[] = []
  for (let generation = 0; generation < effort.generations; generation += 1) {
    say(`rebuild, generation ${generation + 1} of ${effort.generations}`)
    all.push(await measure(databases, log, await databases.create(`rebuild_${generation}`), events))
  }
  const middle = (read: (one: Rebuilt) => number): number => median(all.map(read))
  const numbers = [
    middle(({ perSecond }) => perSecond),
    middle(({ perCpuSecond }) => perCpuSecond),
    middle(({ hostUs }) => hostUs),
    middle(({ postgresUs }) => postgresUs),
  ]
  const head = ['projection rebuilt', 'events per s', 'per CPU second', 'host CPU µs', 'Postgres CPU µs']
  return {
    table: toTable(head, [[`${toText(events)} events`, ...numbers.map(toText)]]),
    verdicts: [
      {
        claim: 'projection rebuild, events per CPU second',
        measured: middle(({ perCpuSecond }) => perCpuSecond),
        atLeast: 50_000,
      },
    ],
  }
}
