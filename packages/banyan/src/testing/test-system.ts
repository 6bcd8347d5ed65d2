/**
 * A whole system in one test: stores, bus and transport in memory, virtual time. `shape` says whether all services share one
 * host or each has its own; a test that passes in both shapes has held law 1.
 */
import { createMemoryBus } from '../bus/memory/memory-bus.ts'
import { type AnyOperation, operationsOf } from '../contract/define-contract.ts'
import { createVirtualEnvironment, type VirtualEnvironment } from '../core/environment/virtual/index.ts'
import { createStaticResolver } from '../discovery/resolver.ts'
import type { System } from '../runtime/define-system.ts'
import { createHost, type Host } from '../runtime/host.ts'
import { gatewayName } from '../runtime/inbound.ts'
import { createMemoryStore } from '../store/memory/memory-store.ts'
import type { Store } from '../store/store.ts'
import { type Log, silentLog } from '../telemetry/log.ts'
import { createMemoryTransport } from '../transport/memory/memory-transport.ts'
import { createTokens } from '../transport/tokens.ts'

/** What a call from outside may say of itself. */
export interface TestCallOptions {
  /** Default 'anonymous'. */
  readonly caller?: string
  readonly idempotencyKey?: string
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** See the top of the file. */
export interface TestSystem {
  readonly environment: VirtualEnvironment
  readonly hosts: readonly Host[]
  /** Stores by service; they outlive their hosts, as databases do. */
  readonly stores: ReadonlyMap<string, Store>
  /** Calls an operation as the edge would, and drives virtual time until it has settled. */
  call<Op extends AnyOperation>(
    operation: Op,
    input: Op['~types']['input'],
    options?: TestCallOptions,
  ): Promise<Op['~types']['output']>
  /** Lets virtual time pass: deliveries, retries, jobs. */
  advance(ms: number): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts the system.
 *
 * @example
 * const test = await startTestSystem(system, { shape: 'split' })
 * expect(await test.call(Inventory.level, { sku: 'a' })).toEqual({ available: 3 })
 */
export async function startTestSystem(
  system: System,
  options: {
    readonly shape: 'one' | 'split'
    readonly seed?: number
    readonly log?: Log
    readonly environment?: VirtualEnvironment
    /** Opens bridges too. Default false: their other sides are not there. */
    readonly bridges?: boolean
  },
): Promise<TestSystem> {
  const environment = options.environment ?? createVirtualEnvironment({ seed: options.seed ?? 1 })
  const log = options.log ?? silentLog
  const bus = createMemoryBus({ environment })
  const transport = createMemoryTransport()
  const resolver = createStaticResolver()
  const stores = new Map<string, Store>()
  const names = system.services.map((entry) => entry.contract.name)
  const tokens = createTokens(
    Object.fromEntries([...names, gatewayName].map((name) => [name, environment.random.uuidv7()])),
  )
  const openStore = async (service: string): Promise<Store> => {
    const store = stores.get(service) ?? createMemoryStore({ environment, service })
    stores.set(service, store)
    return store
  }
  const create = (services: readonly string[]): Host =>
    createHost({
      system,
      services,
      environment,
      openStore,
      bus,
      log,
      bridges: options.bridges ?? false,
      network: { transport, listen: { host: 'memory', port: 0 }, resolver, tokens },
    })
  const hosts = options.shape === 'one' ? [create(names)] : [...names.map((name) => create([name])), create([])]
  // Modules take real time to load, which virtual time knows nothing of: so they are loaded before it begins.
  await Promise.all(system.services.map((entry) => entry.load()))
  await environment.run(Promise.all(hosts.map((host) => host.start())))
  resolver.set(
    Object.fromEntries(hosts.flatMap((host) => host.serviceNames.map((name) => [name, [host.address as string]]))),
  )
  const edge = hosts.at(-1) as Host
  return {
    environment,
    hosts,
    stores,
    call: (operation, input, call = {}) =>
      environment.run(edge.invoke(operation, input, { caller: 'anonymous', ...call })) as never,
    advance: (ms) => environment.advance(ms),
    async stop() {
      await environment.run(Promise.all(hosts.map((host) => host.stop())))
    },
  }
}

/** All operations of a system, for tests that go over every one. */
export function operationsOfSystem(system: System): readonly AnyOperation[] {
  return system.services.flatMap((entry) => operationsOf(entry.contract))
}
