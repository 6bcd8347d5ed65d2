/**
 * A bridge: something long-running of a service that brings facts of a foreign system into the service's outbox, or events out
 * of the log. It is a description like the service itself; the host opens it with what it has, restarts it, shows it, and stops
 * it in its turn. Adapters make bridges; who uses one only lists it in `defineService`.
 */
import type { Bus } from '../bus/bus.ts'
import type { AnyContract, AnyEvent } from '../contract/define-contract.ts'
import type { Environment } from '../core/environment/environment.ts'
import type { BridgeRequest } from '../store/bridges.ts'
import type { NewEvent } from '../store/outbox.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'

/** A setting that differs from place to place, or is a secret: itself, or a function that is asked each time it is needed. */
export type BridgeSetting = string | (() => string | undefined)

/** Settings as they were read, by name. */
export type BridgeSettings = Readonly<Record<string, string>>

/** Where a bridge is: what its faults depend on. */
export interface BridgePlace {
  readonly system: string
  readonly service: string
  readonly contract: AnyContract
  readonly settings: BridgeSettings
}

/** What is known of an event that comes from outside. */
export interface ForeignEventFacts {
  /** A UUID that is the same each time the same fact comes. */
  readonly id: string
  /** Milliseconds since 1970. */
  readonly timeMs: number
  readonly traceparent?: string | undefined
  readonly correlationId?: string | undefined
}

/** What a bridge is given to work with. All of it belongs to the host. */
export interface BridgeHost extends BridgePlace {
  readonly environment: Environment
  /** Lines of it carry service and bridge, and settings are blanked out of them. */
  readonly log: Log
  /** The service's own. */
  readonly store: Store
  /** Undefined on a host without one; a bridge out is not opened there. */
  readonly bus: Bus | undefined
  /** `<instance>#<incarnation>`, for leases. */
  readonly holder: string
  /** Asks for a setting again: for each connection, so that what has changed counts. Throws when it is missing now. */
  setting(name: string): string
  /** Aborted when the bridge must end. */
  readonly signal: AbortSignal
  /**
   * The event ready for the outbox, as `tx.publish` would make it: of this service, validated by its schema.
   *
   * Errors: PERMISSION_DENIED `FOREIGN_EVENT`, INVALID_ARGUMENT `INVALID_EVENT` naming the field.
   */
  toEvent(event: AnyEvent, data: unknown, facts: ForeignEventFacts): NewEvent
  /** The service's event of this type (`orders.placed.v1`); undefined when it has none. */
  eventOf(type: string): AnyEvent | undefined
}

/**
 * `starting`: not at work yet. `working`. `waiting`: another host works it. `failing`: it does not get on and tries again;
 * `lastError` says why. `stopped`.
 */
export type BridgeState = 'starting' | 'working' | 'waiting' | 'failing' | 'stopped'

/** What a bridge says of itself. Plain JSON, no secrets. */
export interface BridgeReport {
  readonly state: BridgeState
  /** How much is there that it has not taken; undefined when it does not know. */
  readonly lag?: { readonly count: number; readonly unit: 'events' | 'messages' | 'bytes' } | undefined
  /** Also when it has passed. */
  readonly lastError?: string | undefined
  readonly counters: Readonly<Record<string, number>>
  /** What somebody should look at, though it works; a line each. */
  readonly alarms: readonly string[]
  /** More that is known of it, by its kind. */
  readonly detail?: Readonly<Record<string, unknown>> | undefined
}

/** A bridge at work. */
export interface RunningBridge {
  /** Rejects when it cannot go on by itself; it is then opened again, with a back-off. Outages of the other side are its own business. */
  readonly ended: Promise<unknown>
  /** Finishes what is under way within the bound, and lets go. */
  stop(withinMs: number): Promise<void>
  /** Never waits for the other side for longer than a few seconds. */
  report(): BridgeReport | Promise<BridgeReport>
  /** Of a bridge out: everything up to this offset of the log is done; undefined while another host works it. */
  lowWater?(): number | undefined
}

/** A description of a bridge, made by `defineBridge`; see the top of the file. */
export interface Bridge {
  readonly $banyan: 'bridge'
  /** Unique in the service. Positions and marks are kept under it: another name is another bridge, which begins anew. */
  readonly name: string
  /** What it is to, for people: `postgres`, `rabbitmq`. */
  readonly kind: string
  readonly direction: 'in' | 'out'
  /** Read when the host starts, where a missing one is an error, and each time the bridge is opened. */
  readonly settings: Readonly<Record<string, () => string | undefined>>
  /** What may be asked of it: `resnapshot`, `skip`, `replay`. */
  readonly actions: readonly string[]
  /** Of what has an inbox of parked things: under which group and source they lie. */
  readonly inbox?: ((service: string) => { readonly group: string; readonly source: string }) | undefined
  /** Of a bridge out: the types it takes; all of the service's when left out. */
  readonly types?: readonly string[] | undefined
  /** What is wrong with it here, a line each; asked when the host starts. */
  faults(place: BridgePlace): readonly string[]
  open(host: BridgeHost): Promise<RunningBridge>
  /** Carries out what was asked; says what came of it. May come while it is not open, and again after a crash. */
  act(host: BridgeHost, request: BridgeRequest): Promise<string>
}

/** How a bridge of a service does on a host. */
export interface BridgeStatus extends BridgeReport {
  readonly service: string
  readonly name: string
  readonly kind: string
  readonly direction: 'in' | 'out'
  /** How often it was opened again after it had failed. */
  readonly restarts: number
}
