/**
 * What parent and host say to each other over the pipe between them (node's IPC). Secrets travel here and nowhere else: not
 * in arguments or the environment, which other programs of the machine may read.
 */
import type { Addresses } from 'banyan/control'
import type { HostStatus } from 'banyan/runtime'
import type { ParkedEvent } from 'banyan/store'
import type { SystemDescription } from './description.ts'

/** Everything a host is told before it starts. */
export interface HostConfiguration {
  /** Its name among the hosts of the system. */
  readonly name: string
  /** Unique in the world, stable over restarts: leases pass from one run of an instance to the next at once. */
  readonly instance: string
  readonly services: readonly string[]
  /** Where the gateway listens; no gateway here when left out. */
  readonly gateway?: { readonly host: string; readonly port: number }
  /** Where other hosts reach this one. */
  readonly listen: { readonly host: string; readonly port: number }
  readonly databases: Readonly<Record<string, string>>
  /** The log's database; none for a host without services. */
  readonly bus?: string
  readonly connections: { readonly perService: number; readonly perBus: number }
  readonly tokens: TokenTable
  readonly addresses: Addresses
  /** The schema registry that is asked at the start, and the file of what it has accepted; nobody is asked without it. */
  readonly schemas?: { readonly origin: string; readonly token?: string; readonly cacheFile: string }
}

/** Own tokens in the clear, everybody's as digests: enough to recognise another service, not to speak for it. */
export interface TokenTable {
  /** Service → token, of this host's services (and `gateway`). */
  readonly own: Readonly<Record<string, string>>
  /** Service → digest of its token, of all services. */
  readonly digests: Readonly<Record<string, string>>
}

/** A host's account of itself with what only its process knows. */
export interface HostReport extends HostStatus {
  readonly gatewayUrl: string | undefined
  readonly memoryBytes: number
  readonly parked: readonly ParkedSummary[]
  /** Where the logs of the sources that it reads end. */
  readonly ends: Readonly<Record<string, number>>
}

/** A parked event without its content. */
export type ParkedSummary = Omit<ParkedEvent, 'envelope'> & { readonly service: string }

/** Parent to host. */
export type ToHost =
  | { readonly type: 'configure'; readonly configuration: HostConfiguration }
  | { readonly type: 'addresses'; readonly addresses: Addresses }
  | { readonly type: 'report'; readonly id: number }
  | { readonly type: 'stop'; readonly drainMs: number }

/** Host to parent. */
export type FromHost =
  | { readonly type: 'hello'; readonly description: SystemDescription }
  | {
      readonly type: 'state'
      readonly state: HostStatus['state']
      readonly ready: boolean
      readonly reasons: readonly string[]
      readonly address: string | undefined
    }
  | { readonly type: 'report'; readonly id: number; readonly report: HostReport }
  | { readonly type: 'failed'; readonly fault: Fault }

/** Why a host cannot start, for a person. */
export interface Fault {
  readonly message: string
  readonly hint: string | undefined
  readonly reason: string | undefined
  /** Starting again without a change by somebody cannot help. */
  readonly final: boolean
}
