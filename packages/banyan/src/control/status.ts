/** The status document of a system: what `/status.json` answers and the status page shows. Plain JSON, no secrets. */
import type { OperationCounters } from '../runtime/local-call.ts'

/** What a process is for. */
export type ProcessKind = 'parent' | 'host' | 'postgres' | 'process'

/** One process of the system. */
export interface ProcessStatus {
  readonly name: string
  readonly kind: ProcessKind
  /** Null while it is down. */
  readonly pid: number | null
  /** `ready` when all is well. */
  readonly state: string
  /** Why it is not ready. */
  readonly reasons: readonly string[]
  readonly restarts: number
  readonly services?: readonly string[]
  readonly address?: string
  readonly memoryBytes?: number
}

/** One service, wherever it runs. */
export interface ServiceEntryStatus {
  readonly name: string
  readonly version: string
  readonly owner: string
  readonly host: string
  readonly state: string
  readonly operations: Readonly<Record<string, OperationCounters>>
}

/** How events get from one service to the others. */
export interface RelayEntryStatus {
  readonly source: string
  readonly state: string
  readonly appended: number
  readonly lagMs: number
  readonly lastError?: string
}

/** One group that consumes one source. */
export interface ConsumerEntryStatus {
  readonly group: string
  readonly source: string
  readonly state: string
  readonly applied: number
  readonly failed: number
  readonly parked: number
  /** Events in the log that are not done yet. */
  readonly lag: number
  readonly lastError?: string
}

/** An event that waits for a person. */
export interface ParkedEntryStatus {
  readonly service: string
  readonly group: string
  readonly source: string
  readonly key: string
  readonly eventId: string
  readonly type: string
  readonly attempts: number
  readonly error: string
  readonly parkedAt: string
}

/** See the top of the file. */
export interface StatusDocument {
  readonly system: string | null
  readonly state: 'starting' | 'running' | 'stopping'
  readonly time: string
  readonly parent: { readonly pid: number }
  readonly gateway: { readonly url: string }
  readonly database: { readonly mode: 'embedded' | 'server'; readonly state: string } | null
  /** The schema registry; null when there is none. */
  readonly schemas?: { readonly url: string } | null
  readonly processes: readonly ProcessStatus[]
  readonly services: readonly ServiceEntryStatus[]
  readonly relays: readonly RelayEntryStatus[]
  readonly consumers: readonly ConsumerEntryStatus[]
  readonly parked: readonly ParkedEntryStatus[]
}

/** Ready when every process is; otherwise which is not, and why. */
export function readinessOf(document: StatusDocument): {
  readonly ready: boolean
  readonly reasons: readonly string[]
} {
  const reasons = document.processes
    .filter(({ state }) => state !== 'ready')
    .map(({ name, state, reasons: why }) => [`${name} is ${state}`, ...why].join(': '))
  const all = document.state === 'running' ? reasons : [`the system is ${document.state}`, ...reasons]
  return { ready: all.length === 0, reasons: all }
}

/** Where to find the metrics of one host, as Prometheus' HTTP service discovery reads it. */
export interface MetricsTarget {
  /** `host:port`. */
  readonly targets: readonly [string]
  readonly labels: Readonly<Record<string, string>>
}

/** The hosts that listen: `/metrics` is theirs, and their ports change with every start. */
export function targetsOf({ system, processes }: StatusDocument): readonly MetricsTarget[] {
  return processes.flatMap(({ kind, name, address }) =>
    kind !== 'host' || address === undefined
      ? []
      : [{ targets: [new URL(address).host], labels: { system: system ?? '', host: name } }],
  )
}
