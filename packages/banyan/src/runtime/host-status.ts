/** A host's own account of itself, for the status page and for operators. Plain JSON, no secrets. */
import type { ConsumerStatus } from '../bus/consumer.ts'
import type { LogKeeperStatus } from '../bus/log-keeper.ts'
import type { RelayStatus } from '../bus/relay.ts'
import type { ProjectionStatus } from '../projection/version.ts'
import type { BridgeStatus } from './bridge.ts'
import type { EventWiring } from './event-wiring.ts'
import type { HostState, Readiness } from './health.ts'
import type { OperationCounters } from './local-call.ts'
import type { SagaServiceStatus } from './saga-service.ts'
import type { ScheduleStatus } from './schedule/schedule-status.ts'
import type { ServiceRuntime } from './service-runtime.ts'

/** One service on a host. */
export interface ServiceStatus {
  readonly name: string
  readonly version: string
  readonly owner: string
  readonly operations: Readonly<Record<string, OperationCounters>>
}

/** What a host says of itself. */
export interface HostFacts {
  readonly incarnation: string
  readonly state: HostState
  readonly address: string | undefined
  readiness(): Readiness
}

/** See the top of the file. */
export interface HostStatus {
  readonly incarnation: string
  readonly state: HostState
  readonly address: string | undefined
  readonly readiness: Readiness
  readonly services: readonly ServiceStatus[]
  /** One for each outbox: events on their way into the log. */
  readonly relays: readonly (RelayStatus & { readonly source: string })[]
  /** One for each group and source: events on their way out of it. */
  readonly consumers: readonly ConsumerStatus[]
  /** One for each version of a projection that this host has the definition of. */
  readonly projections: readonly ProjectionStatus[]
  /** One for each bridge of its services, whichever host works it. */
  readonly bridges: readonly BridgeStatus[]
  /** One for each schedule of its services. */
  readonly schedules: readonly ScheduleStatus[]
  /** One for each of its services that has sagas. */
  readonly sagas: readonly SagaServiceStatus[]
  /** Retention, readers and audits, as far as this host looks after them. Anything faulty in an audit is an alarm. */
  readonly log: LogKeeperStatus | undefined
}

/** Takes the account. */
export function toHostStatus(
  host: HostFacts,
  services: readonly ServiceRuntime[],
  wiring: EventWiring | undefined,
): HostStatus {
  return {
    incarnation: host.incarnation,
    state: host.state,
    address: host.address,
    readiness: host.readiness(),
    services: services.map((service) => ({
      name: service.name,
      version: service.definition.contract.version,
      owner: service.definition.contract.owner,
      operations: Object.fromEntries([...service.counters].map(([name, counters]) => [name, { ...counters }])),
    })),
    relays: relaysOf(services, wiring),
    consumers: (wiring?.consumers ?? []).map((consumer) => consumer.status()),
    log: wiring?.logKeeper?.status(),
    bridges: (wiring?.bridges ?? []).map((bridge) => bridge.status()),
    sagas: (wiring?.sagas ?? []).map((saga) => saga.status()),
    schedules: (wiring?.schedules ?? []).map((schedule) => schedule.status()),
    projections: (wiring?.keepers ?? []).flatMap((keeper) => keeper.status()),
  }
}

/** Relays are wired in the order of the services that have an outbox. */
function relaysOf(services: readonly ServiceRuntime[], wiring: EventWiring | undefined): HostStatus['relays'] {
  const sources = services.filter(({ store }) => store !== undefined).map(({ name }) => name)
  return (wiring?.relays ?? []).map((relay, index) => ({ source: sources[index] ?? '', ...relay.status() }))
}
