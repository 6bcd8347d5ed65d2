/** What a host is made of. */

import type { Bus } from '../bus/bus.ts'
import type { Environment } from '../core/environment/environment.ts'
import type { Resolver } from '../discovery/resolver.ts'
import type { DatabaseDefinition } from '../store/define-database.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import type { Tokens } from '../transport/tokens.ts'
import type { Transport } from '../transport/transport.ts'
import type { System } from './define-system.ts'
import type { Readiness } from './health.ts'
import type { SchemaGate } from './schema-gate.ts'

/** How others reach this host, and how it reaches others. Without it the host runs alone. */
export interface HostNetwork {
  readonly transport: Transport
  /** Where to listen for other hosts; nowhere when left out (a host with the gateway alone). */
  readonly listen?: { readonly host: string; readonly port: number }
  readonly resolver: Resolver
  readonly tokens: Tokens
}

/** See `createHost`. */
export interface HostOptions {
  readonly system: System
  /** Services to run here; all of the system when left out, none when empty. */
  readonly services?: readonly string[]
  readonly environment: Environment
  /** Unique among the hosts of a system and among its own restarts; a UUID is made when left out. */
  readonly incarnation?: string
  /** Opens a service's own database, migrated. */
  readonly openStore: (service: string, database: DatabaseDefinition) => Promise<Store>
  /** The log between services. Without one, events stay in the outbox and subscriptions are refused. */
  readonly bus?: Bus
  readonly network?: HostNetwork
  /** Asked before anything is opened: a host whose schemas break their modes does not start. */
  readonly schemas?: SchemaGate
  readonly log: Log
  /** Share of requests without a trace of their own that are sampled, 0 to 1. Default 0.01. */
  readonly sampleRatio?: number
  /** Whether the bridges of the services are opened here. Default true; false for tests, where their other sides are not. */
  readonly bridges?: boolean
  /** Reasons besides the host's own not to be ready. */
  readonly readiness?: () => Readiness
}

/** How `stop` went. */
export interface StopReport {
  /** False when work was still under way at the deadline and was cut. */
  readonly clean: boolean
  readonly cutCalls: number
}
