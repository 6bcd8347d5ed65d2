/** A service's projections in one host: who keeps them, and how `ctx` reaches them. */
import type { Bus } from '../bus/bus.ts'
import { BanyanError } from '../core/error.ts'
import type { Projection } from '../projection/define-projection.ts'
import { createKeeper, type ProjectionKeeper } from '../projection/keeper.ts'
import type { SnapshotCall } from '../projection/snapshot-source.ts'
import { Trace } from '../telemetry/trace.ts'
import { isUnusable } from './delivery.ts'
import { EntryFrame } from './frame.ts'
import { createOpener, typesOf } from './open-event.ts'
import { undeclaredCall } from './refusals.ts'
import type { ServiceRuntime } from './service-runtime.ts'
import type { EventShape, OperationShape } from './shapes.ts'

/** Makes the keepers of a service's projections, and gives them to the service; nothing runs until each is started. */
export function createKeepers(service: ServiceRuntime, bus: Bus, holder: string): readonly ProjectionKeeper[] {
  const { store, environment, log, name, definition } = service
  if (definition.projections.length === 0) return []
  if (store === undefined)
    throw new BanyanError('FAILED_PRECONDITION', `'${name}' has projections but no database to keep their books`, {
      reason: 'NO_DATABASE',
      hint: "Add 'database: defineDatabase(…)' to defineService.",
    })
  const host = {
    environment,
    service: name,
    store,
    bus,
    holder,
    log,
    isTerminal: isUnusable,
    call: createSnapshotCall(service),
    typesOf: (event: Projection['handlers'][number]['event']) => typesOf(event as unknown as EventShape),
    opener: (event: Projection['handlers'][number]['event']) => createOpener(event as unknown as EventShape),
  }
  return definition.projections.map((projection) => {
    const keeper = createKeeper(host, projection)
    service.projections.set(projection.name, keeper)
    return keeper
  })
}

/** Time that one call for a snapshot has, in milliseconds; its own deadline is usually shorter. */
const snapshotCallMs = 60_000

/** Calls what the service declares in `calls`, on its own behalf. */
function createSnapshotCall(service: ServiceRuntime): SnapshotCall {
  const { clock, random } = service.environment
  return async (given, input) => {
    const operation = given as unknown as OperationShape
    const call = service.links.get(operation) ?? service.linkByName(operation)
    if (call === undefined) throw undeclaredCall(service.name, operation)
    const frame = new EntryFrame(service.name, new Trace(random, false), clock.monotonic() + snapshotCallMs)
    return call(frame, input) as never
  }
}
