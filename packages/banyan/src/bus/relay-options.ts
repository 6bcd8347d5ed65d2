/** What a relay is made of, and its defaults. */
import type { Environment } from '../core/environment/environment.ts'
import type { Outbox } from '../store/outbox.ts'
import type { Bus } from './bus.ts'
import { type OperatorLog, silentLog } from './operator-log.ts'

/** What a relay is made of. Times in milliseconds. */
export interface RelayOptions {
  readonly environment: Environment
  /** The producing service. */
  readonly source: string
  readonly outbox: Outbox
  readonly bus: Bus
  /** `<instance>#<incarnation>`, unique to this run: a holder that comes back under its old name would not be fenced. */
  readonly holder: string
  /** How long another relay waits before it takes over from a dead one. Default 10 000. */
  readonly leaseMs?: number
  /** Events per append. Default 500. */
  readonly batch?: number
  /** How often an idle relay looks, when no commit of this process wakes it; grows to four times that. Default 250. */
  readonly idlePollMs?: number
  /** The outbox is trimmed after so many events, or every minute. Default 10 000. */
  readonly trimEvery?: number
  readonly log?: OperatorLog
}

export type ResolvedRelayOptions = Required<RelayOptions>

export function resolveRelayOptions(options: RelayOptions): ResolvedRelayOptions {
  const { log = silentLog } = options
  return { leaseMs: 10_000, batch: 500, idlePollMs: 250, trimEvery: 10_000, ...options, log }
}
