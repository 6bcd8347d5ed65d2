/** Appends to the event store, against Emmett on the same Postgres. */
import type { Load } from '../measure/closed-loop.ts'
import { type LoadSample, toLoadTable } from '../measure/load-table.ts'
import { type Peer, startPeer } from '../measure/peer.ts'
import { CpuMeter } from '../measure/process-cpu.ts'
import { concatRounds, interleave, type Rounds, ratio } from '../measure/rounds.ts'
import type { Effort, Verdict } from '../measure/section.ts'
import { median } from '../measure/statistics.ts'
import type { AppendLoad } from './appends-served.ts'
import type { Databases } from './databases.ts'

const ours = 'Banyan'
const emmett = 'Emmett'
const names = [ours, emmett]
const shapes = {
  'new streams, 1 at a time': { workers: 1, perAppend: 1, streams: 'new' },
  'existing streams, 1 at a time': { workers: 1, perAppend: 1, streams: 'existing' },
  'new streams, 16 at a time': { workers: 16, perAppend: 1, streams: 'new' },
  'existing streams, 16 at a time': { workers: 16, perAppend: 1, streams: 'existing' },
  'existing streams, 10 events an append, 16 at a time': { workers: 16, perAppend: 10, streams: 'existing' },
} as const

async function measureGeneration(
  databases: Databases,
  effort: Effort,
  generation: number,
): Promise<Rounds<LoadSample>[]> {
  const peers = new Map<string, Peer>()
  try {
    for (const name of names) {
      const url = await databases.create(`append_${generation}_${name.toLowerCase()}`)
      const module = new URL(`./append-${name.toLowerCase()}.ts`, import.meta.url)
      peers.set(name, await startPeer(module, { args: [url] }))
    }
    const run = async (name: string, load: AppendLoad): Promise<LoadSample> => {
      const peer = peers.get(name) as Peer
      const [program, postgres] = [new CpuMeter(() => [peer.pid]), new CpuMeter(databases.pids)]
      program.start()
      postgres.start()
      const found = await peer.ask<Load>('appends', load)
      return {
        ...found,
        clientUs: program.total() / 1_000 / found.calls,
        serverUs: postgres.total() / 1_000 / found.calls,
      }
    }
    const results: Rounds<LoadSample>[] = []
    for (const shape of Object.values(shapes)) {
      for (const name of names) await run(name, { ...shape, ms: effort.warmUpMs / 2 })
      results.push(await interleave(names, effort.rounds, (name) => run(name, { ...shape, ms: effort.measureMs * 2 })))
    }
    return results
  } finally {
    await Promise.all([...peers.values()].map((peer) => peer.stop()))
  }
}

/** Measures; the verdict is about the median over the shapes, the tables have each. */
export async function appends(
  databases: Databases,
  effort: Effort,
  say: (line: string) => void,
): Promise<{ readonly tables: readonly string[]; readonly verdicts: readonly Verdict[] }> {
  const generations: Rounds<LoadSample>[][] = []
  for (let generation = 0; generation < effort.generations; generation += 1) {
    say(`appends, generation ${generation + 1} of ${effort.generations}`)
    generations.push(await measureGeneration(databases, effort, generation))
  }
  const all = Object.keys(shapes).map((_, index) =>
    concatRounds(generations.map((one) => one[index] as Rounds<LoadSample>)),
  )
  const rates = all.map((rounds) => ratio(rounds, ours, emmett, ({ perSecond }) => perSecond))
  return {
    tables: all.map((rounds, index) => toLoadTable(`appends, ${Object.keys(shapes)[index]}`, rounds, emmett)),
    verdicts: [
      { claim: 'appends a second, of Emmett’s, median over the shapes', measured: median(rates), atLeast: 2 },
      { claim: 'appends a second, of Emmett’s, the worst shape', measured: Math.min(...rates), atLeast: 2 },
    ],
  }
}
