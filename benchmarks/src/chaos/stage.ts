/** The whole rig at work: databases, log, producers and consumers, and what can be done to them. */
import { createPostgresBus, createPostgresStore, type PostgresStore } from '@banyan/postgres'
import type { Bus } from 'banyan/bus'
import { type PlannedFault, targetOf } from 'banyan/testing'
import { Actor } from './actor.ts'
import { type Cluster, startCluster } from './cluster.ts'
import type { ChaosOptions } from './options.ts'
import { type ActorGiven, type ActorMessage, type BusAddress, consuming, producing } from './scene.ts'
import { consumerMigrations, producerMigrations } from './tables.ts'

export interface Stage {
  readonly producer: PostgresStore
  readonly consumer: PostgresStore
  readonly bus: Bus
  readonly acknowledged: ReadonlyMap<string, number>
  /** What a fault does; never rejects, and does not wait for what it broke. */
  strike(fault: PlannedFault): void
  /** A producer and a consumer are up. */
  isWorking(): boolean
  /** Ends all faults: whatever is stopped goes on, whatever is down comes up. */
  heal(): Promise<void>
  /** Nothing new is committed from now on. */
  quieten(): Promise<void>
  /** Ends the actors in order; databases and log stay. */
  endActors(): Promise<void>
  /** How often actors were started. */
  starts(): number
  stop(): Promise<void>
}

/** Kinds of faults for a plan, by their weight. */
export const faultKinds = {
  'kill -9': { weight: 8 },
  SIGSTOP: { weight: 4, forMs: [500, 6_000] },
  'cut connections': { weight: 4 },
  'database crash': { weight: 2, forMs: [0, 1_500] },
} as const

export async function openStage(options: ChaosOptions): Promise<Stage> {
  if (options.bus !== 'postgres') throw new Error(`--bus ${options.bus} is not there yet`)
  const clusters: Cluster[] = []
  try {
    clusters.push(await startCluster('services', [producing, consuming]), await startCluster('log', []))
    return await setUp(options, clusters)
  } catch (error) {
    await Promise.all(clusters.map((cluster) => cluster.stop()))
    throw error
  }
}

async function setUp(options: ChaosOptions, clusters: readonly Cluster[]): Promise<Stage> {
  const [services, log] = clusters as [Cluster, Cluster]
  const urlOf = (service: string): string => services.provisioned.services[service] as string
  const producer = await createPostgresStore({ url: urlOf(producing), service: producing, statementTimeoutMs: 0 })
  const consumer = await createPostgresStore({ url: urlOf(consuming), service: consuming, statementTimeoutMs: 0 })
  await producer.migrate(producerMigrations)
  await consumer.migrate(consumerMigrations)
  const address: BusAddress = { kind: 'postgres', url: log.provisioned.bus }
  const bus = await createPostgresBus({ url: address.url })
  const acknowledged = new Map<string, number>()
  const actors = createActors(options, urlOf, address, (message) => note(acknowledged, message))
  for (const actor of actors) actor.start()
  const repairs = new Set<Promise<unknown>>()

  return {
    producer,
    consumer,
    bus,
    acknowledged,
    strike(fault) {
      const repair = strike(fault, actors, clusters).catch(() => undefined)
      repairs.add(repair)
      void repair.then(() => repairs.delete(repair))
    },
    isWorking: () =>
      ['producer', 'consumer'].every((kind) => actors.some((one) => one.name.startsWith(kind) && one.isReady)),
    async heal() {
      for (const actor of actors) actor.resume()
      await Promise.all(repairs)
    },
    quieten: async () => {
      await Promise.all(actors.map((actor) => actor.becomeQuiet()))
    },
    endActors: async () => {
      await Promise.all(actors.map((actor) => actor.stop()))
    },
    starts: () => actors.reduce((sum, actor) => sum + actor.starts, 0),
    async stop() {
      await Promise.all(actors.map((actor) => actor.stop()))
      await Promise.all([producer.close(2_000), consumer.close(2_000), bus.close()])
      await Promise.all(clusters.map((cluster) => cluster.stop()))
    },
  }
}

function createActors(
  { producers, consumers, keys, rate, naive }: ChaosOptions,
  urlOf: (service: string) => string,
  bus: BusAddress,
  hear: (message: ActorMessage) => void,
): readonly Actor[] {
  const make = (kind: 'producer' | 'consumer', index: number, given: Pick<ActorGiven, 'storeUrl' | 'rate'>): Actor =>
    new Actor(new URL(`./${kind}.ts`, import.meta.url), { name: `${kind}-${index}`, bus, naive, keys, ...given }, hear)
  const producer = { storeUrl: urlOf(producing), rate: rate / producers }
  const consumer = { storeUrl: urlOf(consuming), rate: 0 }
  return [
    ...Array.from({ length: producers }, (_, index) => make('producer', index, producer)),
    ...Array.from({ length: consumers }, (_, index) => make('consumer', index, consumer)),
  ]
}

function note(acknowledged: Map<string, number>, message: ActorMessage): void {
  if (message.say !== 'acknowledged') return
  for (const [key, counter] of message.counters) acknowledged.set(key, Math.max(counter, acknowledged.get(key) ?? 0))
}

async function strike(
  { kind, target, forMs }: PlannedFault,
  actors: readonly Actor[],
  clusters: readonly Cluster[],
): Promise<void> {
  const actor = targetOf(
    actors.filter((one) => one.isAlive),
    target,
  )
  const cluster = targetOf(clusters, target)
  if (kind === 'kill -9') actor?.kill()
  if (kind === 'SIGSTOP') actor?.pause(forMs)
  if (kind === 'cut connections') await cluster?.cut(0.2 + target * 0.8)
  if (kind === 'database crash') await cluster?.restart(forMs)
}
