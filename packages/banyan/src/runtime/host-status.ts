/** A host's own account of itself, for the status page and for operators. Plain JSON, no secrets. */
import type { EventWiring } from './event-wiring.ts'
import type { HostState, Readiness } from './health.ts'
import type { OperationCounters } from './local-call.ts'
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
  readonly relays: readonly unknown[]
  readonly consumers: readonly unknown[]
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
    relays: (wiring?.relays ?? []).map((relay) => relay.status()),
    consumers: (wiring?.consumers ?? []).map((consumer) => consumer.status()),
  }
}
