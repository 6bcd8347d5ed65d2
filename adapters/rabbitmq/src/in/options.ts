/** What a bridge in is made of, and its defaults. */
import type { OperatorLog } from 'banyan/bus'
import type { Environment } from 'banyan/core'
import type { Store } from 'banyan/store'
import { fromCloudEvent, type InboundEvent, type RabbitMessage } from './from-message.ts'
import { createMakeEvents, type MakeEvents } from './make-events.ts'

/** What a bridge in is made of; times in milliseconds. */
export interface RabbitBridgeInOptions {
  readonly environment: Environment
  /** `amqp://user:password@host:5672/vhost`; `amqps://` for TLS. A function is asked for each connection. */
  readonly url: string | (() => string)
  readonly queue: string
  /** How the queue is made when it is not there; false leaves that to others. Default 'quorum'. */
  readonly declare?: 'quorum' | 'classic' | false
  /** The database of the service whose events they become. */
  readonly store: Pick<Store, 'inbox' | 'transact'>
  readonly system: string
  readonly service: string
  /** `<instance>#<incarnation>`, unique to this run. */
  readonly holder: string
  /** Default `rabbitmq:<queue>`. */
  readonly group?: string
  /** What a message says; throws for one that says nothing usable. Default: it is a CloudEvent. */
  readonly toEvent?: (message: RabbitMessage) => InboundEvent
  /** What makes a message the same one. Default: its message-id; a message without one is parked. */
  readonly idOf?: (message: RabbitMessage) => string | undefined
  /** Messages in memory. Default 100. */
  readonly prefetch?: number
  /** Messages of one transaction. Default 50. */
  readonly batch?: number
  /** How long another host waits before it takes over from a dead one. Default 30 000. */
  readonly leaseMs?: number
  /** How long marks are kept: a message that comes again later is taken for a new one. Default 7 days. */
  readonly keepMarksMs?: number
  readonly log?: OperatorLog
}

/** The defaults, and their reasons where they are not plain. */
const defaults = {
  declare: 'quorum',
  prefetch: 100,
  batch: 50,
  leaseMs: 30_000,
  keepMarksMs: 7 * 86_400_000,
} as const

const silent: OperatorLog = { info: () => undefined, warn: () => undefined }

/** What a bridge in works with, by itself or under a host. */
export interface ResolvedBridgeInOptions
  extends Required<Omit<RabbitBridgeInOptions, 'system' | 'service' | 'toEvent'>> {
  readonly makeEvents: MakeEvents
}

/** Fills in the defaults. */
export function resolveBridgeInOptions(options: RabbitBridgeInOptions): ResolvedBridgeInOptions {
  const { system, service, toEvent = fromCloudEvent, ...rest } = options
  return withDefaults({ ...rest, makeEvents: createMakeEvents(system, service, toEvent) })
}

/** The same for who makes events otherwise. */
export function withDefaults(
  options: Omit<RabbitBridgeInOptions, 'system' | 'service' | 'toEvent'> & { readonly makeEvents: MakeEvents },
): ResolvedBridgeInOptions {
  const group = options.group ?? `rabbitmq:${options.queue}`
  const idOf = ({ messageId }: RabbitMessage): string | undefined => messageId
  return { ...defaults, idOf, log: silent, ...options, group }
}

/** The name of a queue among the sources of an inbox. */
export function sourceOf(queue: string): string {
  return `rabbitmq/${queue}`
}
