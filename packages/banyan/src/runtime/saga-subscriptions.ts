/**
 * How events reach sagas: the service consumes what its sagas start on and wait for, in a group of its own. A delivery's
 * transaction starts the run, or puts the event into mailboxes, together with the mark: once each.
 */
import type { Bus } from '../bus/bus.ts'
import { BanyanError } from '../core/error.ts'
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
export function toSagaSubscriptions(
  service: string,
  sagas: readonly SagaShape[],
  store?: Store,
): readonly SubscriptionShape[] {
  const events = new Map<string, SagaEventShape>()
  for (const { startsOn, waits = [] } of sagas)
    for (const event of [...(startsOn === undefined ? [] : [startsOn]), ...waits]) events.set(event.wire, event)
  return [...events.values()].map((event) => ({
    event: event as unknown as EventShape,
    handle: compileHandler(event, sagas, store) as SubscriptionShape['handle'],
    options: { group: sagaGroup(service), concurrency: 32 },
  }))
}

/**
 * Attempts at an event of a flow for whose key no instance has begun. What begins it may come by another source that is behind, after a
 * restart of this host above all; so it is waited for a little, some 1.5 seconds by the back-off of deliveries. What belongs
 * to no instance costs this much.
 */
const maxEarlyAttempts = 6

function compileHandler({ wire, contract }: SagaEventShape, sagas: readonly SagaShape[], store: Store | undefined) {
  const starting = newestOf(sagas.filter(({ startsOn }) => startsOn?.wire === wire))
  const waiting = [
    ...new Set(sagas.filter(({ waits }) => waits?.some((one) => one.wire === wire)).map(({ name }) => name)),
  ]
  // Events of one source come in their order: what begins an instance is there before what follows it.
  const watching = new Set(
    sagas
      .filter(
        ({ name, flow, startsOn }) => flow !== undefined && startsOn?.contract !== contract && waiting.includes(name),
      )
      .map(({ name }) => name),
  )
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
      const message = { id: event.id, kind: 'event', name: event.type, key: event.key, body } as const
      const found = await tx.store.sagas.deliver(message, waiting)
      if (found > 0 || event.attempt >= maxEarlyAttempts) return
      for (const name of watching) await assertBegun(store, name, event)
    })
}

/** Throws UNAVAILABLE `FLOW_NOT_BEGUN`, and the delivery is made again. */
async function assertBegun(store: Store | undefined, name: string, { type, key }: DeliveredShape): Promise<void> {
  if (store === undefined || (await store.sagas.findByKey(name, key)) !== undefined) return
  throw new BanyanError('UNAVAILABLE', `no instance of flow '${name}' has begun for '${key}' when ${type} comes`, {
    reason: 'FLOW_NOT_BEGUN',
    retryable: true,
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
