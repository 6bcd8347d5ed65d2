/** Sagas of three steps, one after the other and many at a time, against DBOS Transact and Restate. Law: 15 and 8 times as many. */
import { concatRounds, interleave, type Rounds, ratio } from '../measure/rounds.ts'
import type { Effort, Section, Verdict } from '../measure/section.ts'
import { median, toSpread } from '../measure/statistics.ts'
import { toTable, toText } from '../measure/table.ts'
import { type SagaDatabases, startSagaDatabases, untilTold } from './databases.ts'
import { type Engine, type EngineName, engineNames, type SagaSample, startEngine } from './engines.ts'
import { installPeers, peerVersions } from './peers.ts'

const ours = 'Banyan'
const workers = [1, 32, 256] as const
type Workers = (typeof workers)[number]

const method = `
Sagas of three steps that give a number, each started by a key of its own and waited for in the process that runs its steps; a closed
loop of so many workers, which checks what each saga gives. One embedded PostgreSQL (shared_buffers 256 MB, fsync on, defaults
otherwise) with a database for each; Restate keeps its own store (fsync on as well) and is reached through its HTTP ingress. Everybody
has the defaults, and nobody but the row "pool of 20" anything else. Rounds in turn, every engine in processes of its own.

*commits*: transactions that wrote something, by the server's own counter, per saga; Restate's log is its own and not counted. *CPU*: of the
program, of the engine's server and of PostgreSQL, per saga, whatever they do in the background included.

Equal: three steps whose results are kept, a start that is idempotent by its key, a result that can be asked for afterwards. Not equal: DBOS
writes each step by itself where Banyan lets runs share a commit, Restate has a log of its own and calls the step over HTTP/2, where
Banyan and DBOS call a function. *By hand* is group commit and nothing else: no recovery, no leases, no fencing.

At 32 at a time a commit has what all workers have ready, so program and database take turns: both compute most of the time between two
commits, and a saga waits for four. Dividing what is ready between two commits lets them overlap, and what a commit costs by itself (0.6 ms
of CPU of both) takes it away again; by hand is where this way of working ends.`

type Result = ReadonlyMap<Workers, Rounds<SagaSample>>

async function measureGeneration(databases: SagaDatabases, effort: Effort, generation: number) {
  const all: Engine[] = []
  const byName = (name: string): Engine => all.find((engine) => engine.name === name) as Engine
  try {
    for (const name of engineNames) all.push(await startEngine(databases, name, generation))
    const result = new Map<Workers, Rounds<SagaSample>>()
    const ms = effort.measureMs * 5
    for (const count of workers) {
      for (const engine of all) await engine.load({ workers: count, ms: effort.warmUpMs * 2 })
      const run = (name: string): Promise<SagaSample> => byName(name).load({ workers: count, ms })
      result.set(count, await interleave(engineNames, effort.rounds, run))
    }
    await untilTold()
    const commits = new Map<EngineName, number>()
    for (const engine of all) commits.set(engine.name, await engine.allCommits())
    return { result, commits }
  } finally {
    await Promise.all(all.map((engine) => engine.stop()))
  }
}

const head = [
  'per s',
  'lowest – highest',
  'p50 ms',
  'p99 ms',
  'commits',
  'program CPU µs',
  'server CPU µs',
  'Postgres CPU µs',
  '× fewer than Banyan',
]

function toRateTable(count: Workers, rounds: Rounds<SagaSample>): string {
  const rows = [...rounds].map(([name, samples]) => {
    const rate = toSpread(samples.map(({ perSecond }) => perSecond))
    const middle = (read: (sample: SagaSample) => number): string => toText(median(samples.map(read)))
    return [
      name,
      toText(rate.median),
      `${toText(rate.min)} – ${toText(rate.max)}`,
      middle(({ p50Us }) => p50Us / 1_000),
      middle(({ p99Us }) => p99Us / 1_000),
      name === 'Restate' ? '–' : middle(({ commits }) => commits),
      middle(({ programUs }) => programUs),
      name === 'Restate' ? middle(({ serverUs }) => serverUs) : '–',
      name === 'Restate' ? '–' : middle(({ postgresUs }) => postgresUs),
      toText(ratio(rounds, ours, name, ({ perSecond }) => perSecond)),
    ]
  })
  return toTable([`sagas of 3 steps, ${count} at a time`, ...head], rows)
}

function toVerdicts(result: Result): readonly Verdict[] {
  const of = (count: Workers, peer: EngineName, read: (sample: SagaSample) => number): number =>
    ratio(result.get(count) as Rounds<SagaSample>, ours, peer, read)
  // Of the two pools that which does better.
  const ofDbos = (count: Workers): number =>
    Math.min(...(['DBOS Transact', 'DBOS Transact, pool of 20'] as const).map((peer) => of(count, peer, toRate)))
  return [
    ...([32, 256] as const).flatMap((count): Verdict[] => [
      {
        claim: `sagas a second, ${count} at a time, of DBOS Transact’s (the better pool)`,
        measured: ofDbos(count),
        atLeast: 15,
      },
      { claim: `sagas a second, ${count} at a time, of Restate’s`, measured: of(count, 'Restate', toRate), atLeast: 8 },
    ]),
    {
      claim: 'p50 of one saga at a time, of DBOS Transact’s',
      measured: of(1, 'DBOS Transact', ({ p50Us }) => p50Us),
      atMost: 0.5,
    },
  ]
}
const toRate = ({ perSecond }: SagaSample): number => perSecond

/** See the top of the file. */
export async function benchmark(effort: Effort, say: (line: string) => void): Promise<Section> {
  installPeers(say)
  const databases = await startSagaDatabases()
  const generations: Awaited<ReturnType<typeof measureGeneration>>[] = []
  try {
    for (let generation = 0; generation < effort.generations; generation += 1) {
      say(`generation ${generation + 1} of ${effort.generations}`)
      generations.push(await measureGeneration(databases, effort, generation))
    }
  } finally {
    await databases.stop()
  }
  const result: Result = new Map(
    workers.map((count) => [
      count,
      concatRounds(generations.map((one) => one.result.get(count) as Rounds<SagaSample>)),
    ]),
  )
  const commits = engineNames
    .filter((name) => name !== 'Restate')
    .map((name) => [name, toText(median(generations.map((one) => one.commits.get(name) ?? Number.NaN)))])
  const tables = [
    ...workers.map((count) => toRateTable(count, result.get(count) as Rounds<SagaSample>)),
    toTable(['all loads together', 'commits per saga, reading ones included'], commits),
  ]
  return { title: 'Sagas', method: `${method}\n\n${peerVersions()}.`, tables, verdicts: toVerdicts(result) }
}
