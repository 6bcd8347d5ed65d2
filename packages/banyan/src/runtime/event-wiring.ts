/** The event side of a host: one relay per outbox of its services, one consumer per group and source, jobs. */
import type { Bus } from '../bus/bus.ts'
import type { Consumer } from '../bus/consumer.ts'
import type { LogKeeper } from '../bus/log-keeper.ts'
import { createMover, type Mover } from '../bus/mover.ts'
import { createRelay, type Relay } from '../bus/relay.ts'
import { BanyanError } from '../core/error.ts'
import type { ProjectionKeeper } from '../projection/keeper.ts'
import { SagaExecutor } from '../saga/executor.ts'
import type { BridgeRunner } from './bridge-runner.ts'
import { assertBridges, createBridges } from './bridges.ts'
import { createJobRunner, type JobRunner } from './jobs.ts'
import { createHostLogKeeper } from './log-keeper.ts'
import { createKeepers } from './projections.ts'
import { SagaDesk } from './saga-desk.ts'
import { createSagaHost } from './saga-host.ts'
import { SagaNews } from './saga-news.ts'
import { createSagaService, type SagaService } from './saga-service.ts'
import { claimSagaGroups } from './saga-subscriptions.ts'
import { createScheduleRunner, type ScheduleRunner } from './schedule-runner.ts'
import type { ServiceRuntime } from './service-runtime.ts'
import { createConsumers } from './subscriptions.ts'

/** What runs beside the calls. */
export interface EventWiring {
  readonly relays: readonly Relay[]
  readonly consumers: readonly Consumer[]
  /** One for each outbox: scheduled events on their way into it. */
  readonly movers: readonly Mover[]
  readonly keepers: readonly ProjectionKeeper[]
  readonly bridges: readonly BridgeRunner[]
  /** Work at set times. */
  readonly schedules: readonly ScheduleRunner[]
  /** Runs of sagas, for each service that has any. */
  readonly sagas: readonly SagaService[]
  /** Looks after the log on this host's side: retention and audits. Undefined without a bus, or when the log is kept elsewhere. */
  readonly logKeeper: LogKeeper | undefined
  /** Makes the places of projections and looks at the settings of bridges; rejects when one is wrong. */
  prepare(): Promise<void>
  start(): void
  /** Stops taking work: first bridges that bring it in, then jobs and consumers, each within the bound. */
  quiesce(withinMs: number): Promise<void>
  /** Sends what is committed, then stops what takes it further, then lets go. */
  flush(withinMs: number): Promise<void>
}

/** Wires the services of a host; nothing runs until started. */
export function createEventWiring(
  services: readonly ServiceRuntime[],
  bus: Bus | undefined,
  holder: string,
  withBridges = true,
): EventWiring {
  const jobs: readonly JobRunner[] = services.flatMap((service) =>
    service.definition.jobs.map((job) => createJobRunner(service, job)),
  )
  const schedules = services.flatMap((service) => toSchedules(service, holder))
  const listening = services.find(
    ({ subscriptions, definition }) => subscriptions.length > 0 || definition.projections.length > 0,
  )
  if (bus === undefined && listening !== undefined)
    throw new BanyanError('FAILED_PRECONDITION', `'${listening.name}' subscribes to events but this host has no bus`, {
      reason: 'NO_BUS',
    })
  const relays = bus === undefined ? [] : services.flatMap((service) => toRelay(service, bus, holder))
  const consumers = bus === undefined ? [] : services.flatMap((service) => createConsumers(service, bus, holder))
  const movers = bus === undefined ? [] : services.flatMap(toMover)
  const keepers = bus === undefined ? [] : services.flatMap((service) => createKeepers(service, bus, holder))
  const bridges = withBridges ? createBridges(services, bus, holder) : []
  const sagas = services.flatMap((service) => toSagas(service, holder))
  const logKeeper = bus?.keeping && createHostLogKeeper(bus.keeping, services, relays, consumers, bridges)
  const stopBridges = (direction: 'in' | 'out', withinMs: number): Promise<unknown> =>
    Promise.all(bridges.filter(({ bridge }) => bridge.direction === direction).map((one) => one.stop(withinMs)))
  return {
    relays,
    consumers,
    logKeeper,
    movers,
    keepers,
    bridges,
    schedules,
    sagas,
    async prepare() {
      if (withBridges) assertBridges(services, bus)
      if (bus !== undefined) await Promise.all(services.map((service) => claimSagaGroups(service, bus, holder)))
      await Promise.all(keepers.map((keeper) => keeper.prepare()))
    },
    start() {
      for (const part of [...relays, ...movers, ...consumers, ...keepers, ...jobs, ...schedules, ...sagas, ...bridges])
        part.start()
      logKeeper?.start()
    },
    async quiesce(withinMs) {
      await stopBridges('in', withinMs)
      await Promise.all([
        ...jobs.map((job) => job.stop(withinMs)),
        ...schedules.map((schedule) => schedule.stop(withinMs)),
        ...sagas.map((saga) => saga.stop(withinMs)),
        ...movers.map((mover) => mover.stop()),
        ...consumers.map((consumer) => consumer.stop({ withinMs })),
        ...keepers.map((keeper) => keeper.stop(withinMs)),
        logKeeper?.stop(withinMs),
      ])
    },
    async flush(withinMs) {
      await Promise.all(relays.map((relay) => relay.stop({ flush: true, withinMs })))
      await stopBridges('out', withinMs)
      await Promise.all(keepers.map((keeper) => keeper.close()))
    },
  }
}

function toRelay(service: ServiceRuntime, bus: Bus, holder: string): readonly Relay[] {
  const { store, environment, log, name } = service
  if (store === undefined) return []
  return [createRelay({ environment, source: name, outbox: store.outbox, bus, holder, log })]
}

function toSchedules(service: ServiceRuntime, holder: string): readonly ScheduleRunner[] {
  const { store, definition } = service
  if (store === undefined) return []
  return definition.schedules.map((schedule) => createScheduleRunner(service, store, schedule, holder))
}

function toSagas(service: ServiceRuntime, holder: string): readonly SagaService[] {
  const { definition, store, environment } = service
  if (definition.sagas.length === 0 || store === undefined) return []
  const news = new SagaNews(environment)
  const executor = new SagaExecutor(createSagaHost(service, holder, news), definition.sagas)
  service.sagas = new SagaDesk(executor, store, definition.sagas, news)
  return [createSagaService(service, executor, store)]
}

function toMover({ store, environment, log }: ServiceRuntime): readonly Mover[] {
  return store === undefined ? [] : [createMover({ environment, scheduled: store.scheduled, log })]
}
