/** Aggregates as handlers reach them: only declared ones, with the trace and the cause of the work in every event. */
import { BanyanError } from '../core/error.ts'
import type { AnyAggregate } from '../event-sourcing/aggregate.ts'
import { AggregateSession } from '../event-sourcing/aggregate-session.ts'
import type { StreamMetadata } from '../store/event-store.ts'
import type { StoreTransaction } from '../store/store.ts'
import { VersionConflict } from '../store/stream-rules.ts'
import { formatTraceparent } from '../telemetry/trace-context.ts'
import { causeOf } from './publisher.ts'
import type { EventOrigin, ServiceScope } from './service-scope.ts'
import type { EventShape } from './shapes.ts'

/** Times a transaction runs whose aggregates others have changed meanwhile. */
export const maxStaleRuns = 3

/** Publishes data that has passed its schema, under an id of its own. */
export type PublishFact = (event: EventShape, data: Readonly<Record<string, unknown>>, id: string) => void

/** The aggregates of one transaction. */
export function openAggregates(
  tx: StoreTransaction,
  service: ServiceScope,
  origin: EventOrigin,
  publish: PublishFact,
): AggregateSession {
  return new AggregateSession({
    streams: tx.streams,
    newId: () => service.environment.random.uuidv7(),
    metadata: toMetadata(origin),
    publish: (event, data, id) => publish(event as never, data as never, id),
  })
}

function toMetadata(origin: EventOrigin): StreamMetadata {
  const cause = causeOf(origin.delivery)
  const { state } = origin.tracing
  return {
    traceparent: formatTraceparent(origin.trace),
    ...(state === undefined ? {} : { tracestate: state }),
    ...(cause === undefined ? {} : { causationid: cause }),
  }
}

/** Throws for an aggregate that is not the service's own. */
export function assertDeclared(service: ServiceScope, aggregate: AnyAggregate): void {
  if (service.aggregates.has(aggregate?.name)) return
  throw new BanyanError(
    'PERMISSION_DENIED',
    `'${service.name}' uses aggregate '${String(aggregate?.name)}' but does not declare it`,
    {
      reason: 'UNDECLARED_AGGREGATE',
      hint: "Add it to 'aggregates' of defineService. Only the service that owns an aggregate may use it.",
    },
  )
}

/** Runs a transaction again while it fails because an aggregate that it had loaded was changed by others. */
export async function untilDecided<Result>(run: () => Promise<Result>, isStale: () => boolean): Promise<Result> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof VersionConflict) || !isStale()) throw error
      if (attempt === maxStaleRuns) throw contended(error)
    }
}

/** Nothing was done, and the handler would decide anew: for whoever waits a little, trying again is right. */
function contended(cause: BanyanError): BanyanError {
  return new BanyanError('ABORTED', cause.message, { reason: 'VERSION_CONFLICT', retryable: true, cause })
}
