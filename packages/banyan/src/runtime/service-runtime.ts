/**
 * One service at work in one host: its store, the ways it may call, the events it may publish. Compiled at start; the hot
 * path only reads maps keyed by the contract's own objects.
 */
import type { Environment } from '../core/environment/environment.ts'
import type { ProjectionKeeper } from '../projection/keeper.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import type { SpanRing } from '../telemetry/trace.ts'
import type { CallFunction } from './frame.ts'
import { compileLocalCall, type OperationCounters } from './local-call.ts'
import { createPublisher } from './publisher.ts'
import type { SagaDesk } from './saga-desk.ts'
import { toSagaSubscriptions } from './saga-subscriptions.ts'
import type { Publisher, ServiceScope } from './service-scope.ts'
import type { ContractShape, EventShape, OperationShape, ServiceShape, SubscriptionShape } from './shapes.ts'

/** What a service is given by its host. */
export interface ServiceRuntimeOptions {
  readonly system: string
  readonly definition: ServiceShape
  readonly environment: Environment
  readonly store: Store | undefined
  readonly log: Log
  readonly spans: SpanRing
}

/** See the top of the file. */
export class ServiceRuntime implements ServiceScope {
  readonly name: string
  readonly system: string
  readonly definition: ServiceShape
  readonly environment: Environment
  readonly store: Store | undefined
  readonly log: Log
  readonly spans: SpanRing
  /** The ways this service may call, by operation. Filled when all services of the host exist. */
  readonly links: Map<OperationShape, CallFunction> = new Map()
  readonly publishers: ReadonlyMap<EventShape, Publisher>
  /** Its own operations, by name. */
  readonly operations: ReadonlyMap<string, CallFunction>
  readonly counters: ReadonlyMap<string, OperationCounters>
  /** The names of its aggregates. */
  readonly aggregates: ReadonlySet<string>
  /** Its projections, by name. Filled when the events of the host are wired. */
  readonly projections: Map<string, ProjectionKeeper> = new Map()
  /** Its sagas. Filled when the events of the host are wired. */
  sagas: SagaDesk | undefined = undefined
  /** What it hears: its own subscriptions, and those of its sagas. */
  readonly subscriptions: readonly SubscriptionShape[]
  readonly #linksByWire = new Map<string, CallFunction>()

  constructor(options: ServiceRuntimeOptions) {
    const { definition } = options
    const { contract } = definition
    this.name = contract.name
    this.system = options.system
    this.definition = definition
    this.environment = options.environment
    this.store = options.store
    this.log = options.log.child({ service: contract.name })
    this.spans = options.spans
    this.publishers = new Map(
      Object.values(contract.events).map((event) => [event, createPublisher(this.system, this, event)]),
    )
    this.subscriptions = [
      ...definition.subscriptions,
      ...toSagaSubscriptions(contract.name, definition.sagas, this.store),
    ]
    this.aggregates = new Set(definition.aggregates.map(({ name }) => name))
    this.counters = new Map(
      Object.keys(contract.operations).map((name) => [name, { inFlight: 0, succeeded: 0, refused: 0, failed: 0 }]),
    )
    this.operations = new Map(
      Object.values(contract.operations).map((operation) => [
        operation.name,
        compileLocalCall(
          this,
          definition.operations[operation.name] as ServiceShape['operations'][string],
          operation,
          this.counters.get(operation.name) as OperationCounters,
        ),
      ]),
    )
  }

  /** Calls under way. */
  get inFlight(): number {
    let sum = 0
    for (const { inFlight } of this.counters.values()) sum += inFlight
    return sum
  }

  /** Opens the declared ways, and no others. */
  link(find: (operation: OperationShape) => CallFunction): void {
    for (const declared of this.definition.calls) {
      const operations = isContract(declared) ? Object.values(declared.operations) : [declared]
      for (const operation of operations) {
        const call = find(operation)
        this.links.set(operation, call)
        // `Orders.place` and `Orders.operations.place` may be two objects, and a second copy of a package has its own.
        this.#linksByWire.set(operation.wire, call)
      }
    }
  }
  /** The slow way: by name. What is found is remembered under the object it was asked for with. */
  linkByName(operation: OperationShape): CallFunction | undefined {
    const call = this.#linksByWire.get(operation?.wire)
    if (call !== undefined) this.links.set(operation, call)
    return call
  }
  publisherOf(event: EventShape): Publisher | undefined {
    const known = this.publishers.get(event)
    if (known !== undefined || event?.contract !== this.name) return known
    const own = this.definition.contract.events[event.name]
    return own === undefined || own.wire !== event.wire ? undefined : this.publishers.get(own)
  }
}

const isContract = (declared: ContractShape | OperationShape): declared is ContractShape => 'operations' in declared
