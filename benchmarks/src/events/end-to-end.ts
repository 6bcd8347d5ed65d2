/** From the commit of a business transaction to the commit of its effect in another service: jobs a second, against queues on Postgres. */
import { type Peer, startPeer } from '../measure/peer.ts'
import { CpuMeter } from '../measure/process-cpu.ts'
import { concatRounds, interleave, type Rounds, ratio } from '../measure/rounds.ts'
import type { Effort, Verdict } from '../measure/section.ts'
import { median } from '../measure/statistics.ts'
import { toTable, toText } from '../measure/table.ts'
import type { Databases } from './databases.ts'
import type { PipelineSample } from './pipeline.ts'

const single = 'Banyan, defaults'
const batched = 'Banyan, batches of 500'
const limit = 'by hand, batches of 500'
const boss = 'pg-boss, defaults'
const graphile = 'graphile-worker, defaults'

interface Variant {
  readonly module: string
  readonly databases: number
  readonly mode: string
}

const variants: Readonly<Record<string, Variant>> = {
  [single]: { module: 'banyan', databases: 3, mode: 'single' },
  [batched]: { module: 'banyan', databases: 3, mode: '500' },
  [limit]: { module: 'hand-written', databases: 3, mode: '' },
  [boss]: { module: 'pg-boss', databases: 1, mode: 'default' },
  'pg-boss, tuned': { module: 'pg-boss', databases: 1, mode: 'tuned' },
  [graphile]: { module: 'graphile-worker', databases: 1, mode: 'default' },
  'graphile-worker, tuned': { module: 'graphile-worker', databases: 1, mode: 'tuned' },
}
const names = Object.keys(variants)

/** What a run lasts beside the other measurements: a queue that polls needs some seconds to show itself. */
const lengthFactor = 10

async function start(databases: Databases, name: string, generation: number): Promise<Peer> {
  const { module, databases: count, mode } = variants[name] as Variant
  const place = `e2e_${generation}_${names.indexOf(name)}`
  const urls: string[] = []
  for (let index = 0; index < count; index += 1) urls.push(await databases.create(`${place}_${index}`))
  return startPeer(new URL(`./pipeline-${module}.ts`, import.meta.url), { args: [...urls, mode] })
}

async function measure(databases: Databases, peer: Peer, ms: number): Promise<PipelineSample> {
  const program = new CpuMeter(() => [peer.pid])
  const postgres = new CpuMeter(databases.pids)
  program.start()
  postgres.start()
  const sample = await peer.ask<PipelineSample>('run', ms)
  const each = (meter: CpuMeter): number => meter.total() / 1_000 / Math.max(1, sample.done)
  return { ...sample, programUs: each(program), postgresUs: each(postgres) }
}

async function measureGeneration(
  databases: Databases,
  effort: Effort,
  generation: number,
): Promise<Rounds<PipelineSample>> {
  const ms = effort.measureMs * lengthFactor
  const peers = new Map<string, Peer>()
  try {
    for (const name of names) peers.set(name, await start(databases, name, generation))
    const run = (name: string, length: number) => measure(databases, peers.get(name) as Peer, length)
    for (const name of names) await run(name, effort.warmUpMs)
    return await interleave(names, Math.ceil(effort.rounds / 2), (name) => run(name, ms))
  } finally {
    await Promise.all([...peers.values()].map((peer) => peer.stop()))
  }
}

/** Measures; tables and verdicts. */
export async function endToEnd(
  databases: Databases,
  effort: Effort,
  say: (line: string) => void,
): Promise<{ readonly table: string; readonly verdicts: readonly Verdict[] }> {
  const generations: Rounds<PipelineSample>[] = []
  for (let generation = 0; generation < effort.generations; generation += 1) {
    say(`end to end, generation ${generation + 1} of ${effort.generations}`)
    generations.push(await measureGeneration(databases, effort, generation))
  }
  const rounds = concatRounds(generations)
  const rate = (name: string, to: string): number => ratio(rounds, name, to, ({ perSecond }) => perSecond)
  return {
    table: toEndToEndTable(rounds),
    verdicts: [
      { claim: 'end to end: jobs per second, of pg-boss at its defaults', measured: rate(single, boss), atLeast: 4 },
      {
        claim: 'end to end: jobs per second, of graphile-worker at its defaults',
        measured: rate(single, graphile),
        atLeast: 2,
      },
      { claim: 'end to end: batches of 500, of a pipeline by hand', measured: rate(batched, limit), atLeast: 0.5 },
    ],
  }
}

function toEndToEndTable(rounds: Rounds<PipelineSample>): string {
  const rows = [...rounds].map(([name, samples]) => {
    const middle = (read: (sample: PipelineSample) => number): string => toText(median(samples.map(read)))
    return [
      name,
      middle(({ perSecond }) => perSecond),
      middle(({ done, sent }) => done / sent),
      middle(({ programUs }) => programUs),
      middle(({ postgresUs }) => postgresUs),
      toText(ratio(rounds, name, limit, ({ perSecond }) => perSecond)),
    ]
  })
  const head = ['commit to effect', 'jobs per s', 'share done', 'program CPU µs', 'Postgres CPU µs', '× by hand']
  return toTable(head, rows)
}
