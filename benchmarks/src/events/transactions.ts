/** What an event costs the transaction that publishes it: the same transaction with and without, in one process, turn by turn. */
import type { Load } from '../measure/closed-loop.ts'
import { type LoadSample, toLoadTable } from '../measure/load-table.ts'
import { type Peer, startPeer } from '../measure/peer.ts'
import { CpuMeter } from '../measure/process-cpu.ts'
import { concatRounds, interleave, type Rounds, ratio } from '../measure/rounds.ts'
import type { Effort, Verdict } from '../measure/section.ts'
import type { Databases } from './databases.ts'

const without = 'without an event'
const withEvent = 'with an event in the outbox'
const relayed = 'with an event, relayed meanwhile'
const names = [without, withEvent, relayed]
const workerCounts = [1, 16]

async function measureGeneration(
  databases: Databases,
  effort: Effort,
  generation: number,
): Promise<Rounds<LoadSample>[]> {
  const place = `tx_${generation}`
  const own = await databases.create(`${place}_own`)
  const module = new URL('./store-peer.ts', import.meta.url)
  const alone = await startPeer(module, { args: [own] })
  const busy = await startPeer(module, {
    args: [await databases.create(`${place}_relayed`), await databases.create(`${place}_log`)],
  })
  try {
    const run = async (name: string, workers: number, ms: number): Promise<LoadSample> => {
      const peer: Peer = name === relayed ? busy : alone
      const program = new CpuMeter(() => [peer.pid])
      const postgres = new CpuMeter(databases.pids)
      program.start()
      postgres.start()
      const load = await peer.ask<Load>('transactions', { workers, ms, publish: name !== without })
      return {
        ...load,
        clientUs: program.total() / 1_000 / load.calls,
        serverUs: postgres.total() / 1_000 / load.calls,
      }
    }
    for (const name of names) await run(name, 16, effort.warmUpMs)
    const results: Rounds<LoadSample>[] = []
    for (const workers of workerCounts)
      results.push(await interleave(names, effort.rounds, (name) => run(name, workers, effort.measureMs * 2)))
    return results
  } finally {
    await Promise.all([alone.stop(), busy.stop()])
  }
}

/** Measures; tables and verdicts. */
export async function transactions(
  databases: Databases,
  effort: Effort,
  say: (line: string) => void,
): Promise<{ readonly tables: readonly string[]; readonly verdicts: readonly Verdict[] }> {
  const generations: Rounds<LoadSample>[][] = []
  for (let generation = 0; generation < effort.generations; generation += 1) {
    say(`transactions, generation ${generation + 1} of ${effort.generations}`)
    generations.push(await measureGeneration(databases, effort, generation))
  }
  const all = workerCounts.map((_, index) => concatRounds(generations.map((one) => one[index] as Rounds<LoadSample>)))
  const rate = (rounds: Rounds<LoadSample>): number => ratio(rounds, withEvent, without, ({ perSecond }) => perSecond)
  return {
    tables: all.map((rounds, index) => toLoadTable(`transactions, ${workerCounts[index]} at a time`, rounds, without)),
    verdicts: all.map((rounds, index) => ({
      claim: `transactions a second with an event, of those without, ${workerCounts[index]} at a time`,
      measured: rate(rounds),
      atLeast: 0.85,
    })),
  }
}
