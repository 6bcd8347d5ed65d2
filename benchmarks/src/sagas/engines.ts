/** The engines that are compared, each in a process of its own, with a database of its own on the one server where it uses one. */
import type { Load } from '../measure/closed-loop.ts'
import { type Peer, startPeer } from '../measure/peer.ts'
import { CpuMeter } from '../measure/process-cpu.ts'
import type { SagaDatabases } from './databases.ts'
import type { SagaLoad } from './saga-load.ts'

/** By the names that stand in the results. */
export const engines = {
  Banyan: { module: './banyan.ts', args: [] },
  'DBOS Transact': { module: './dbos.ts', args: [] },
  'DBOS Transact, pool of 20': { module: './dbos.ts', args: ['20'] },
  Restate: { module: './restate.ts', args: [] },
  'by hand': { module: './by-hand.ts', args: [] },
} as const
export type EngineName = keyof typeof engines
export const engineNames = Object.keys(engines) as EngineName[]

/** A load, and what it took for one saga: microseconds of CPU, and transactions that wrote something. */
export interface SagaSample extends Load {
  /** Of the process that starts sagas, runs their steps and waits for them. */
  readonly programUs: number
  /** Of the engine's own server. */
  readonly serverUs: number
  readonly postgresUs: number
  readonly commits: number
}

/** An engine that runs. */
export interface Engine {
  readonly name: EngineName
  load(given: SagaLoad): Promise<SagaSample>
  /** Transactions of its database that committed, those that only read included, for one saga of all so far. */
  allCommits(): Promise<number>
  stop(): Promise<void>
}

export async function startEngine(databases: SagaDatabases, name: EngineName, generation: number): Promise<Engine> {
  const { module, args } = engines[name]
  const database = `sagas_${generation}_${engineNames.indexOf(name)}`
  const url = await databases.create(database)
  const peer = await startPeer(new URL(module, import.meta.url), { args: [url, ...args] })
  const pids = await peer.ask<readonly number[]>('pids')
  const before = await databases.commits(database)
  let sagas = 0
  return {
    name,
    async load(given) {
      const sample = await measure(databases, peer, pids, given)
      sagas += sample.calls
      return sample
    },
    async allCommits() {
      return ((await databases.commits(database)) - before) / sagas
    },
    stop: () => peer.stop(),
  }
}

async function measure(
  databases: SagaDatabases,
  peer: Peer,
  pids: readonly number[],
  given: SagaLoad,
): Promise<SagaSample> {
  const meters = [new CpuMeter(() => [peer.pid]), new CpuMeter(() => pids), new CpuMeter(databases.pids)]
  const written = await databases.written()
  for (const meter of meters) meter.start()
  const load = await peer.ask<Load>('load', given)
  const [programUs = 0, serverUs = 0, postgresUs = 0] = meters.map((meter) => meter.total() / 1_000 / load.calls)
  const commits = ((await databases.written()) - written) / load.calls
  return { ...load, programUs, serverUs, postgresUs, commits }
}
