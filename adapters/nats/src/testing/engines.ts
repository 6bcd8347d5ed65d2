/** The NATS servers that tests run against; each test file starts its own and ends them. */
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { createNatsBus, type NatsBus, type NatsBusOptions } from '../nats-bus.ts'
import { findNatsServer, type NatsServers, startNats } from './nats-server.ts'

/** What tests of a server are given. */
export interface NatsEngine {
  readonly servers: NatsServers
  /** A bus of its own, closed after the test. */
  open(options?: Partial<NatsBusOptions>): Promise<NatsBus>
  /** A system of this name exists once. */
  newSystem(): string
}

let systems = 0

/** Declares tests against one server, or a cluster of three; skipped where nats-server is not installed. */
export function describeNats(name: string, declare: (engine: () => NatsEngine) => void, size = 1): void {
  describe.skipIf(findNatsServer() === undefined)(
    `${name} (nats, ${size === 1 ? 'one server' : `${size} servers`})`,
    () => {
      let servers: NatsServers | undefined
      const buses: NatsBus[] = []
      beforeAll(async () => {
        servers = await startNats({ size })
      })
      afterEach(async () => {
        await Promise.all(buses.splice(0).map((bus) => bus.close()))
      })
      afterAll(async () => servers?.stop())
      const newSystem = (): string => {
        systems += 1
        return `test-${systems}`
      }
      declare(() => {
        if (servers === undefined) throw new Error('the servers are not up yet')
        const { url } = servers
        return {
          servers,
          newSystem,
          async open(options = {}) {
            const bus = await createNatsBus({ url, system: 'test', requestTimeoutMs: 2_000, ...options })
            buses.push(bus)
            return bus
          },
        }
      })
    },
  )
}
