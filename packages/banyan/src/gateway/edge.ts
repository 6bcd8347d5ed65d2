/** What all exchanges of one gateway share. */
import type { Environment } from '../core/environment/environment.ts'
import type { HttpRequest, HttpResponse } from '../core/environment/network.ts'
import type { Log } from '../telemetry/log.ts'
import type { Cors } from './cors.ts'
import type { InFlight } from './in-flight.ts'
import type { GatewayLimits } from './limits.ts'
import type { Invoke } from './options.ts'
import type { Route } from './route.ts'
import type { RouteTree } from './route-tree.ts'
import type { WebhookRoute } from './webhook/compile-webhook.ts'

/** A page or probe of the gateway itself: answers from memory, never fails, needs nobody. */
export interface SystemPage {
  readonly path: string
  answer(request: HttpRequest): HttpResponse
}

/** What a path leads to. */
export type Destination = { readonly page: SystemPage } | { readonly route: Route } | { readonly webhook: WebhookRoute }

/** The compiled gateway. */
export interface Edge {
  readonly environment: Environment
  readonly tree: RouteTree<Destination>
  readonly invoke: Invoke
  readonly limits: GatewayLimits
  readonly cors: Cors | undefined
  readonly authenticate: ((request: HttpRequest) => string) | undefined
  readonly inFlight: InFlight
  readonly sampleRatio: number
  readonly log: Log
}
