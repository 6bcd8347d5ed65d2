/** One service with bridges on hosts in memory and virtual time, for tests of what hosts do with bridges. */
import { type Bus, createMemoryBus } from '../../bus/index.ts'
import { defineContract, event, t } from '../../contract/index.ts'
import { createVirtualEnvironment, type VirtualEnvironment } from '../../core/environment/virtual/index.ts'
import type { Bridge, BridgeHost, BridgeReport, RunningBridge } from '../../runtime/bridge.ts'
import { type BridgeSpec, defineBridge } from '../../runtime/define-bridge.ts'
import { defineService } from '../../runtime/define-service.ts'
import { defineSystem } from '../../runtime/define-system.ts'
import { createHost, type Host } from '../../runtime/host.ts'
import { type DatabaseDefinition, defineDatabase } from '../../store/define-database.ts'
import { createMemoryStore, type Store } from '../../store/index.ts'
import { createLog } from '../../telemetry/index.ts'

/** The service's contract. */
// biome-ignore lint/suspicious/noExplicitAny: a test contract whose exact type nobody needs (isolatedDeclarations)
export const Customers: any = defineContract('customers', {
  version: '1.0.0',
  owner: 'sales',
  operations: {},
  events: { changed: event({ key: 'id', data: t.Object({ id: t.String(), name: t.String() }) }) },
})
/** Its database, which is in memory. */
export const noDatabase: DatabaseDefinition<Record<never, never>> = defineDatabase<Record<never, never>>({
  migrations: new URL('file:///none/'),
})
/** What a bridge of the rig reports. */
export const working: BridgeReport = { state: 'working', counters: { events: 3 }, alarms: [] }

/** A bridge that does nothing until it is told to, and remembers what was done with it. */
export interface Probe {
  readonly bridge: Bridge
  readonly openedMs: readonly number[]
  readonly stops: () => number
  readonly fail: (error: unknown) => void
  readonly host: () => BridgeHost
}

/** See the top of the file. */
export interface BridgeRig {
  readonly environment: VirtualEnvironment
  readonly lines: readonly string[]
  /** May be replaced before a host starts. */
  store: Store
  bus: Bus | undefined
  probe(spec?: Partial<BridgeSpec>): Probe
  start(
    bridges: readonly unknown[],
    options?: { readonly holder?: string; readonly bridges?: boolean; readonly jobs?: readonly object[] },
  ): Promise<Host>
}

export function createBridgeRig(): BridgeRig {
  const environment = createVirtualEnvironment({ seed: 1 })
  const lines: string[] = []
  const rig: BridgeRig = {
    environment,
    lines,
    store: createMemoryStore({ environment, service: 'customers' }),
    bus: createMemoryBus({ environment }),
    probe: (spec) => createProbe(environment, spec),
    async start(bridges, options = {}) {
      const parts = { bridges, jobs: options.jobs ?? [] } as object
      const service = defineService(Customers, { database: noDatabase, operations: {}, ...parts })
      const host = createHost({
        system: defineSystem({ name: 'shop', services: [service] }),
        environment,
        incarnation: options.holder ?? 'a#1',
        openStore: async () => rig.store,
        log: createLog({ write: (line) => lines.push(line), now: () => 0 }),
        ...(rig.bus === undefined ? {} : { bus: rig.bus }),
        ...(options.bridges === undefined ? {} : { bridges: options.bridges }),
      })
      await environment.run(host.start())
      return host
    },
  }
  return rig
}

function createProbe(environment: VirtualEnvironment, spec: Partial<BridgeSpec> = {}): Probe {
  const openedMs: number[] = []
  let stops = 0
  let fail: (error: unknown) => void = () => undefined
  let host: BridgeHost | undefined
  const bridge = defineBridge({
    name: 'crm',
    kind: 'probe',
    direction: 'in',
    async open(given): Promise<RunningBridge> {
      host = given
      openedMs.push(environment.clock.monotonic())
      const { promise, reject } = Promise.withResolvers<void>()
      fail = reject
      return { ended: promise, report: () => working, stop: async () => void stops++ }
    },
    ...spec,
  })
  return { bridge, openedMs, stops: () => stops, fail: (error) => fail(error), host: () => host as BridgeHost }
}
