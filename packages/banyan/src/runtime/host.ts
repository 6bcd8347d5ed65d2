/**
 * A host: one process's worth of services. It validates, opens, wires, listens and becomes ready; it stops by becoming
 * unready, letting what is under way finish, and flushing. What is where is decided outside; here only "mine or not mine".
 */

import { type AnyContract, type AnyOperation, operationsOf } from '../contract/define-contract.ts'
import type { Cancellable } from '../core/cancellation.ts'
import { sleep } from '../core/environment/timers.ts'
import { BanyanError } from '../core/error.ts'
import type { Position } from '../projection/position.ts'
import type { Store } from '../store/store.ts'
import { createMeter, type Meter } from '../telemetry/metrics/meter.ts'
import type { MetricFamily } from '../telemetry/metrics/metric-family.ts'
import { SpanRing, Trace } from '../telemetry/trace.ts'
import { type Baggage, parseBaggage, type TraceParent } from '../telemetry/trace-context.ts'
import type { Listener } from '../transport/transport.ts'
import { bridgeWarnings } from './bridges.ts'
import { type Channels, createChannels } from './channels.ts'
import { createEventWiring, type EventWiring } from './event-wiring.ts'
import { type CallFunction, EntryFrame } from './frame.ts'
import type { HostState, Readiness } from './health.ts'
import { createHostMetrics } from './host-metrics.ts'
import type { HostOptions, StopReport } from './host-options.ts'
import { type HostStatus, toHostStatus } from './host-status.ts'
import { createInbound, gatewayName } from './inbound.ts'
import { loadServices } from './load-services.ts'
import { openStores } from './open-stores.ts'
import { draining, unknownOperation } from './refusals.ts'
import { compileRemoteCall } from './remote-call.ts'
import { ServiceRuntime } from './service-runtime.ts'
import type { OperationShape } from './shapes.ts'

/** What comes with a call from outside any service. */
export interface InvokeOptions {
  /** Who calls: the authenticated caller, or 'anonymous'. */
  readonly caller: string
  readonly idempotencyKey?: string | undefined
  readonly timeoutMs?: number | undefined
  /** Of which trace it is part; a new one begins when it says nothing. */
  readonly trace?: TraceParent | undefined
  readonly tracestate?: string | undefined
  readonly baggage?: string | Baggage | undefined
  readonly signal?: AbortSignal | undefined
  /** The same for hot paths, and taken before it: cancels `follower` when the caller gives up. */
  follow?(follower: Cancellable): void
  /** What was seen before and must be seen again, and who is told what was published. */
  readonly position?: Position | undefined
  note?(position: Position): void
  /** The edge validated the input by its own, stricter schema. */
  readonly validated?: boolean | undefined
}

/** How long draining may take, in milliseconds, when nothing else is said. */
export const defaultDrainMs = 10_000

/** See the top of the file. */
export class Host {
  readonly incarnation: string
  readonly spans: SpanRing = new SpanRing()
  /** Instruments of this host: what they count is part of {@link metrics}. */
  readonly meter: Meter = createMeter()
  readonly #options: HostOptions
  readonly #entries = new Map<OperationShape, CallFunction>()
  #state: HostState = 'new'
  #services: readonly ServiceRuntime[] = []
  #stores: ReadonlyMap<string, Store> = new Map()
  #local: ReadonlyMap<string, CallFunction> = new Map()
  #wiring: EventWiring | undefined
  #listener: Listener | undefined
  #channels: Channels | undefined
  #stopping: Promise<StopReport> | undefined
  #metrics: ReturnType<typeof createHostMetrics> | undefined

  constructor(options: HostOptions) {
    this.#options = options
    this.incarnation = options.incarnation ?? options.environment.random.uuidv7()
  }

  get state(): HostState {
    return this.#state
  }
  /** Where other hosts reach this one; undefined when it does not listen. */
  get address(): string | undefined {
    return this.#listener?.address
  }
  get serviceNames(): readonly string[] {
    return this.#services.map(({ name }) => name)
  }

  /** Validates, migrates, wires, listens. Rejects (and closes what it had opened) with everything that is wrong. */
  async start(): Promise<void> {
    if (this.#state !== 'new')
      throw new BanyanError('FAILED_PRECONDITION', 'a host starts once', { reason: 'ALREADY_STARTED' })
    this.#state = 'starting'
    try {
      await this.#open()
      this.#state = 'ready'
    } catch (error) {
      this.#state = 'failed'
      await this.#close(1_000)
      throw error
    }
  }

  async #open(): Promise<void> {
    const { system, services, network, bus, environment } = this.#options
    const definitions = await loadServices(system, services)
    await this.#options.schemas?.admit(definitions.map(({ contract }) => contract as unknown as AnyContract))
    const { stores, error } = await openStores(definitions, this.#options.openStore)
    this.#stores = stores
    if (error !== undefined) throw error
    this.#services = definitions.map(
      (definition) =>
        new ServiceRuntime({
          system: system.name,
          definition,
          environment,
          store: stores.get(definition.contract.name),
          log: this.#options.log,
          spans: this.spans,
        }),
    )
    this.#local = new Map(this.#services.flatMap(toWires))
    if (network !== undefined) this.#channels = createChannels(network.transport, network.resolver)
    for (const service of this.#services) service.link((operation) => this.#find(operation, service.name))
    this.#wiring = createEventWiring(this.#services, bus, this.incarnation, this.#options.bridges)
    await this.#wiring.prepare()
    if (network?.listen !== undefined)
      this.#listener = await network.transport.listen({ ...network.listen, handler: this.#inbound() })
    this.#wiring.start()
  }

  #inbound(): ReturnType<typeof createInbound> {
    const { environment, network } = this.#options
    return createInbound({
      clock: environment.clock,
      random: environment.random,
      tokens: (network as NonNullable<typeof network>).tokens,
      find: (wire) => this.#local.get(wire),
      isDraining: () => this.#state === 'draining' || this.#state === 'stopped',
    })
  }

  /** Mine: a function call. Not mine: over the transport. */
  #find(operation: OperationShape, identity: string): CallFunction {
    const local = this.#local.get(operation.wire)
    if (local !== undefined) return local
    const token = this.#options.network?.tokens.of(identity) ?? ''
    const channel = (service: string): ReturnType<Channels['pick']> => this.#channels?.pick(service)
    const { timers } = this.#options.environment
    return compileRemoteCall({ timers, channel, identity, token }, operation)
  }

  /** Calls an operation from outside any service: the gateway, a test, a script. */
  invoke<Op extends AnyOperation>(
    operation: Op,
    input: Op['~types']['input'],
    options: InvokeOptions,
  ): Promise<Op['~types']['output']> {
    return this.#invoke(operation as unknown as OperationShape, input, options)
  }

  #invoke(operation: OperationShape, input: unknown, options: InvokeOptions): Promise<unknown> {
    if (this.#state !== 'ready') return Promise.reject(draining())
    let call = this.#entries.get(operation)
    if (call === undefined) {
      if (typeof operation?.wire !== 'string') return Promise.reject(unknownOperation(operation))
      call = this.#find(operation, gatewayName)
      this.#entries.set(operation, call)
    }
    const { environment, sampleRatio = 0.01 } = this.#options
    const parent = options.trace
    const baggage = typeof options.baggage === 'string' ? parseBaggage(options.baggage) : options.baggage
    const sampled = parent === undefined ? environment.random.next() < sampleRatio : parent.sampled
    const trace = new Trace(environment.random, sampled, parent, options.tracestate, baggage)
    return call(new EntryFrame(options.caller, trace, Number.POSITIVE_INFINITY, options), input, options)
  }

  /** Whether traffic is welcome, and if not, why. */
  readiness(): Readiness {
    const other = this.#options.readiness?.() ?? { ready: true, reasons: [] }
    const reasons = this.#state === 'ready' ? other.reasons : [`the host is ${this.#state}`, ...other.reasons]
    const said = bridgeWarnings(this.#wiring?.bridges.map((one) => one.status()) ?? [])
    const warnings = [...(other.warnings ?? []), ...said]
    const ready = this.#state === 'ready' && other.ready
    return warnings.length === 0 ? { ready, reasons } : { ready, reasons, warnings }
  }

  /** What runs here and how it does. */
  status(): HostStatus {
    return toHostStatus(this, this.#services, this.#wiring)
  }

  /** What `/metrics` tells. Waits for databases two seconds at most, and never rejects because of one. */
  metrics(): Promise<readonly MetricFamily[]> {
    this.#metrics ??= createHostMetrics(this.#options, this, () => this.#stores)
    return this.#metrics()
  }

  /** Contracts of the whole system, for the edge. */
  get contracts(): HostOptions['system']['external'] {
    return this.#options.system.services.map((entry) => entry.contract)
  }

  /** Drains and closes; a second call waits for the first. Never rejects. */
  stop(options: { readonly drainMs?: number } = {}): Promise<StopReport> {
    this.#stopping ??= this.#stop(options.drainMs ?? defaultDrainMs)
    return this.#stopping
  }

  async #stop(drainMs: number): Promise<StopReport> {
    if (this.#state === 'new') this.#state = 'stopped'
    if (this.#state === 'stopped' || this.#state === 'failed') return { clean: true, cutCalls: 0 }
    this.#state = 'draining'
    const { clock, timers } = this.#options.environment
    const endMs = clock.monotonic() + drainMs
    const left = (): number => Math.max(0, endMs - clock.monotonic())
    await this.#wiring
      ?.quiesce(left())
      .catch((error: unknown) => this.#options.log.error('could not stop consumers', { error }))
    while (this.#inFlight() > 0 && left() > 0) await sleep(timers, Math.min(20, left()))
    const cutCalls = this.#inFlight()
    await this.#wiring
      ?.flush(Math.max(500, left()))
      .catch((error: unknown) => this.#options.log.error('could not flush the outbox', { error }))
    await this.#close(Math.max(500, left()))
    this.#state = 'stopped'
    return { clean: cutCalls === 0, cutCalls }
  }

  #inFlight(): number {
    return this.#services.reduce((sum, service) => sum + service.inFlight, 0)
  }

  async #close(withinMs: number): Promise<void> {
    await Promise.allSettled([this.#listener?.close(withinMs), this.#channels?.close()])
    await Promise.allSettled([...this.#stores.values()].map((store) => store.close(withinMs)))
  }
}

/** Creates a host; nothing happens until it is started. */
export function createHost(options: HostOptions): Host {
  return new Host(options)
}

const toWires = (service: ServiceRuntime): readonly (readonly [string, CallFunction])[] =>
  operationsOf(service.definition.contract as never).map((operation) => [
    operation.wire,
    service.operations.get(operation.name) as CallFunction,
  ])
