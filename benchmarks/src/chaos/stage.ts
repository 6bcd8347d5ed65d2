/** The whole rig at work: databases, log, producers and consumers, and what can be done to them. */
import { createNatsBus } from '@banyan/nats'
import { createPostgresBus, createPostgresStore, type PostgresStore } from '@banyan/postgres'
import type { Bus } from 'banyan/bus'
import { type PlannedFault, targetOf } from 'banyan/testing'
import { Actor } from './actor.ts'
import { type Broker, startBroker } from './broker.ts'
import { type Cluster, startCluster } from './cluster.ts'
import type { BusKind, ChaosOptions } from './options.ts'
import { type ActorGiven, type ActorMessage, type BusAddress, consuming, producing } from './scene.ts'
import { consumerMigrations, producerMigrations } from './tables.ts'

export interface Stage {
  readonly producer: PostgresStore
  readonly consumer: PostgresStore
  readonly bus: Bus
  readonly acknowledged: ReadonlyMap<string, number>
  /** What a fault does; never rejects, and does not wait for what it broke. */
  strike(fault: PlannedFault): void
  /** Grows while effects commit. */
  progress(): number
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

/** Kinds of faults for a plan, by their weight; those of a broker only where there is one. */
export const faultKinds = {
  'kill -9': { weight: 8 },
  SIGSTOP: { weight: 4, forMs: [500, 6_000] },
  'cut connections': { weight: 4 },
  'database crash': { weight: 2, forMs: [0, 1_500] },
} as const

export const brokerFaultKinds = {
  ...faultKinds,
  'broker leader killed': { weight: 3, forMs: [0, 2_000] },
  'broker stopped': { weight: 1, forMs: [500, 4_000] },
} as const

/** What carries the events, beside the database of the services. */
interface Log {
  readonly address: BusAddress
  readonly bus: Bus
  /** Postgres of the log, when it is one. */
  readonly cluster?: Cluster
  readonly broker?: Broker
}

/** Everything that must end again, in the order in which it began. */
type Cleanup = (() => Promise<unknown>)[]

export async function openStage(options: ChaosOptions): Promise<Stage> {
  const cleanup: Cleanup = []
  const stop = async (): Promise<void> => {
    for (const end of cleanup.splice(0).toReversed()) await end()
  }
  try {
    return await setUp(options, cleanup, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function setUp(options: ChaosOptions, cleanup: Cleanup, stop: () => Promise<void>): Promise<Stage> {
  const services = await startCluster('services', [producing, consuming])
  cleanup.push(() => services.stop())
  const urlOf = (service: string): string => services.provisioned.services[service] as string
  const log = await startLog(options.bus, cleanup)
  const { bus } = log
  const producer = await createPostgresStore({ url: urlOf(producing), service: producing, statementTimeoutMs: 0 })
  const consumer = await createPostgresStore({ url: urlOf(consuming), service: consuming, statementTimeoutMs: 0 })
  cleanup.push(() => Promise.all([producer.close(2_000), consumer.close(2_000), bus.close()]))
  await producer.migrate(producerMigrations)
  await consumer.migrate(consumerMigrations)
  const acknowledged = new Map<string, number>()
  let progress = 0
  const actors = createActors(options, urlOf, log.address, (message) => {
    note(acknowledged, message)
    if (message.say === 'applied') progress += 1
  })
  const endActors = async (): Promise<void> => void (await Promise.all(actors.map((actor) => actor.stop())))
  cleanup.push(endActors)
  for (const actor of actors) actor.start()
  const clusters = log.cluster === undefined ? [services] : [services, log.cluster]
  const repairs = new Set<Promise<unknown>>()

  return {
    producer,
    consumer,
    bus,
    acknowledged,
    strike(fault) {
      const repair = strike(fault, actors, clusters, log.broker).catch(() => undefined)
      repairs.add(repair)
      void repair.then(() => repairs.delete(repair))
    },
    progress: () => progress,
    isWorking: () =>
      ['producer', 'consumer'].every((kind) => actors.some((one) => one.name.startsWith(kind) && one.isReady)),
    async heal() {
      for (const actor of actors) actor.resume()
      await Promise.all(repairs)
    },
    quieten: async () => {
      await Promise.all(actors.map((actor) => actor.becomeQuiet()))
    },
    endActors,
    starts: () => actors.reduce((sum, actor) => sum + actor.starts, 0),
    stop,
  }
}

async function startLog(kind: BusKind, cleanup: Cleanup): Promise<Log> {
  if (kind === 'postgres') {
    const cluster = await startCluster('log', [])
    cleanup.push(() => cluster.stop())
    const address: BusAddress = { kind, url: cluster.provisioned.bus }
    return { address, bus: await createPostgresBus({ url: address.url }), cluster }
  }
  const broker = await startBroker()
  cleanup.push(() => broker.stop())
  const address: BusAddress = { kind, url: broker.url }
  return { address, bus: await createNatsBus({ url: address.url, system: 'chaos' }), broker }
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
  broker: Broker | undefined,
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
  if (kind === 'broker leader killed') await broker?.killLeader(target, forMs)
  if (kind === 'broker stopped') await broker?.pause(target, forMs)
}
