/** What a context reads of its service's own data besides its tables: aggregates, projections, and positions to wait for. */
import type { AnyAggregate, AsOf, Loaded, Past, PastRange } from '../event-sourcing/aggregate.ts'
import { loadAggregate, readPast } from '../event-sourcing/load.ts'
import { type Position, parsePosition } from '../projection/position.ts'
import type { Store } from '../store/store.ts'
import { assertDeclared } from './aggregates.ts'
import { noDatabase, undeclaredProjection } from './refusals.ts'
import type { ServiceScope } from './service-scope.ts'

/** How long a reader waits for a projection, and what ends it. */
export interface Wait {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** The service's store; throws FAILED_PRECONDITION when it has none. */
export function storeOf(service: ServiceScope): Store {
  if (service.store === undefined) throw noDatabase(service.name)
  return service.store
}

/** An aggregate of the service, now or as it was. */
export async function loadOf(
  service: ServiceScope,
  store: Store,
  aggregate: AnyAggregate,
  id: string,
  asOf: AsOf | undefined,
): Promise<Loaded<unknown>> {
  assertDeclared(service, aggregate)
  const { state, version } = await loadAggregate(store.streams, aggregate, id, asOf)
  return { state, version }
}

/** A part of what has happened to an aggregate of the service. */
export async function historyOf(
  service: ServiceScope,
  store: Store,
  aggregate: AnyAggregate,
  id: string,
  range: PastRange | undefined,
): Promise<Past<unknown>> {
  assertDeclared(service, aggregate)
  return readPast(store.streams, aggregate, id, range)
}

/** What readers of a projection see, with everything in it that the position names. */
export async function projectionOf(
  service: ServiceScope,
  name: string,
  position: Position | undefined,
  wait: Wait,
): Promise<unknown> {
  const found = service.projections.get(name)
  if (found === undefined) throw undeclaredProjection(service.name, name)
  return found.read({ position, ...wait })
}

/** Waits until the service's projections have what a position token names. */
export async function waitForToken(service: ServiceScope, token: string, nowMs: number, wait: Wait): Promise<void> {
  const position = parsePosition(token, nowMs)
  await Promise.all([...service.projections.values()].map((found) => found.waitFor(position, wait)))
}
