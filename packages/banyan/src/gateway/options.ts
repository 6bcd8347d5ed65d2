/** What a gateway is made of, and how it enters the runtime. */
import type { AnyContract, AnyOperation } from '../contract/define-contract.ts'
import type { Cancellable } from '../core/cancellation.ts'
import type { Environment } from '../core/environment/environment.ts'
import type { HttpHandler, HttpRequest, HttpServer } from '../core/environment/network.ts'
import type { Position } from '../projection/position.ts'
import type { Webhook } from '../runtime/webhook.ts'
import type { Log } from '../telemetry/log.ts'
import type { TraceParent } from '../telemetry/trace-context.ts'
import type { CorsOptions } from './cors.ts'
import type { GatewayLimits } from './limits.ts'

/**
 * What the edge says of one call. Read its fields by name and do not spread it: `signal` is made when first read, because
 * most calls end before anybody asks for it.
 */
export interface InvokeOptions {
  /** Who calls: what `authenticate` answered, else 'anonymous'. */
  readonly caller: string
  readonly requestId: string
  /** The operation's own deadline, or the gateway's when that is shorter, in milliseconds. */
  readonly timeoutMs: number
  /** Of commands only. */
  readonly idempotencyKey: string | undefined
  /** What the client sent as `traceparent` (W3C Trace Context), or a new trace when it sent none that is well-formed. */
  readonly trace: TraceParent
  readonly tracestate: string | undefined
  /** W3C Baggage, bounded, as sent. */
  readonly baggage: string | undefined
  /** Aborted when the client goes away, or when the gateway's drain is over. */
  readonly signal: AbortSignal
  /** The same for hot paths: cancels `follower` when the client gives up. */
  follow(follower: Cancellable): void
  /**
   * The input has been checked and copied by the edge's own compiled schema, which is stricter than the runtime's. False
   * for inputs of a Standard Schema, whose own validation has yet to run.
   */
  readonly validated: boolean
  /** What the client has seen already and must see again: its `banyan-position`, read and bounded. */
  readonly position: Position | undefined
  /** Called with what was published on the way; the answer names it in its `banyan-position`. */
  note(position: Position): void
}

/** Enters the runtime; rejects with a `BanyanError`. */
export type Invoke = (operation: AnyOperation, input: unknown, options: InvokeOptions) => Promise<unknown>

/** Ready, or why not. */
export interface Readiness {
  readonly ready: boolean
  readonly reasons: readonly string[]
}

/** What {@link createGateway} takes. */
export interface GatewayOptions {
  readonly environment: Environment
  /** Their operations with an `http` route are served. Two with one route are refused, by name. */
  readonly contracts: readonly AnyContract[]
  readonly invoke: Invoke
  /** Where others tell us what happened; their commands belong to `contracts`. A missing secret is refused by the name of its variable. */
  readonly webhooks?: readonly Webhook[]
  /** Of the system, for `/openapi.json` and `/docs`. */
  readonly info: { readonly name: string; readonly version?: string }
  /** Asked by `/readyz`. Default: always ready. */
  readonly ready?: () => Readiness
  readonly limits?: Partial<GatewayLimits>
  /** Off unless given. */
  readonly cors?: CorsOptions
  /**
   * Says who calls; throws a `BanyanError` (UNAUTHENTICATED, PERMISSION_DENIED) for somebody who may not. Default:
   * everybody is 'anonymous'.
   */
  readonly authenticate?: (request: HttpRequest) => string
  /** Share of new traces that are sampled, 0 to 1; a client's trace keeps its own flag. Default 0.01, like a host's. */
  readonly sampleRatio?: number
  readonly log?: Log
}

/** The HTTP edge of a system. */
export interface Gateway {
  /** For a server of your own; {@link Gateway.listen} makes one. */
  readonly handler: HttpHandler
  /** Listens, with the gateway's limits on headers, times and connections. */
  listen(options: { readonly host: string; readonly port: number }): Promise<HttpServer>
  /** Calls under way. */
  readonly inFlight: number
  /**
   * Takes no new calls (503) and waits for those under way; after `withinMs` their signals are aborted and it resolves.
   * It does not close the server.
   */
  drain(withinMs: number): Promise<void>
  /** The OpenAPI 3.1 document of everything served, as `/openapi.json` shows it. */
  openapi(): object
}
