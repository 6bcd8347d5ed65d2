/**
 * How events reach sagas: the service consumes what its sagas start on and wait for, in a group of its own. A delivery's
 * transaction starts the run, or puts the event into mailboxes, together with the mark: once each.
 */
import type { Bus } from '../bus/bus.ts'
import type { EventBody } from '../saga/journal.ts'
import type { SagaEventShape, SagaShape } from '../saga/shape.ts'
import { toNewSaga } from '../saga/start.ts'
import { toText } from '../saga/values.ts'
import type { Store } from '../store/store.ts'
import { formatTraceparent } from '../telemetry/trace-context.ts'
import type { CallContext } from './call-context.ts'
import type { DeliveredShape, EventShape, SubscriptionShape } from './shapes.ts'

/** The consumer group of a service's sagas. */
export function sagaGroup(service: string): string {
  return `${service}.sagas`
}

/** One subscription for each event that a saga of the service starts on or waits for. */
export function toSagaSubscriptions(service: string, sagas: readonly SagaShape[]): readonly SubscriptionShape[] {
  const events = new Map<string, SagaEventShape>()
  for (const { startsOn, waits = [] } of sagas)
    for (const event of [...(startsOn === undefined ? [] : [startsOn]), ...waits]) events.set(event.wire, event)
  return [...events.values()].map((event) => ({
    event: event as unknown as EventShape,
    handle: compileHandler(event.wire, sagas) as SubscriptionShape['handle'],
    options: { group: sagaGroup(service), concurrency: 32 },
  }))
}

function compileHandler(wire: string, sagas: readonly SagaShape[]) {
  const starting = newestOf(sagas.filter(({ startsOn }) => startsOn?.wire === wire))
  const waiting = [
    ...new Set(sagas.filter(({ waits }) => waits?.some((one) => one.wire === wire)).map(({ name }) => name)),
  ]
  return (event: DeliveredShape, ctx: CallContext): Promise<void> =>
    ctx.transact(async (tx) => {
      const { random } = ctx.environment
      for (const saga of starting)
        await tx.store.sagas.start(
          toNewSaga(saga, event.data, {
            id: random.uuidv7(),
            startedBy: `event ${event.id}`,
            traceparent: formatTraceparent(ctx.trace),
          }),
        )
      if (waiting.length === 0) return
      const { data, timeMs, source, causationId } = event
      const said: EventBody = { data, timeMs, source, causationId }
      const body = toText(said, `event ${event.id}`) ?? 'null'
      await tx.store.sagas.deliver({ id: event.id, kind: 'event', name: event.type, key: event.key, body }, waiting)
    })
}

/** Of each name, the newest version: older ones are only brought to their ends. */
function newestOf(sagas: readonly SagaShape[]): readonly SagaShape[] {
  const newest = new Map<string, SagaShape>()
  for (const saga of sagas) if (saga.version > (newest.get(saga.name)?.version ?? 0)) newest.set(saga.name, saga)
  return [...newest.values()]
}

const claimMs = 1_000

/** A service, as far as its sagas go. */
interface SagaService {
  readonly name: string
  readonly store: Store | undefined
  readonly definition: { readonly sagas: readonly SagaShape[] }
}

/**
 * Before a host serves: a group that was never here begins at the end of the log, since sagas are not started for what happened
 * before there were any.
 */
export async function claimSagaGroups(
  { store, name, definition }: SagaService,
  bus: Bus,
  holder: string,
): Promise<void> {
  if (store === undefined) return
  const sources = new Set(toSagaSubscriptions(name, definition.sagas).map(({ event }) => event.contract))
  for (const source of sources) {
    const assignment = await store.inbox.claim(sagaGroup(name), source, holder, claimMs, await bus.end(source))
    if (assignment !== undefined) await store.inbox.release(assignment)
  }
}
