/** Three servers, of which the one that leads the stream is killed in the middle of appends and reads. */
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { createRelay } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import { expect, it } from 'vitest'
import { describeNats } from './testing/engines.ts'
import { createListOutbox, cursorAt, eventsOf, placesOf } from './testing/list-outbox.ts'

const total = 5_000

describeNats(
  'cluster',
  (engine) => {
    it('keeps three copies', async () => {
      const { servers, newSystem, open } = engine()
      const system = newSystem()
      const bus = await open({ system })
      await bus.lease('orders', 'a#1', 10_000)
      const raw = await connect({ servers: servers.nodes.map(({ address }) => address) })
      const { config } = await (await jetstreamManager(raw)).streams.info(`${system}_orders`)
      expect(config).toMatchObject({ num_replicas: 3, storage: 'file', discard: 'new' })
      await raw.close()
    })

    it('drops the beginning and nothing else, whichever server is killed afterwards', async () => {
      const { servers, newSystem, open } = engine()
      const system = newSystem()
      let shiftMs = 0
      const bus = await open({ system, leaseClockShiftMs: () => shiftMs })
      const keeping = bus.keeping!
      const lease = (await bus.lease('orders', 'a#1', 1_000_000_000))!
      const rules = [{ source: 'orders', type: 'orders.placed.v1', ageMs: 60_000 }]
      await bus.append(lease, eventsOf(0, 300), cursorAt(300))
      shiftMs = 120_000
      await keeping.retain({ rules: [], fallback: { ageMs: 60_000_000 }, sources: [] })
      await keeping.retain({ rules: [{ source: 'orders', type: 'never', ageMs: 4 }] })
      await bus.append(lease, eventsOf(300, 900), cursorAt(900))
      const retained = async (): Promise<unknown> => keeping.retain({ rules }).catch(() => undefined)
      await expect.poll(retained, { timeout: 20_000 }).toMatchObject({ segments: 1, events: 300 })
      for (const node of servers.nodes) {
        await node.kill()
        await node.start()
        const state = async (): Promise<unknown> => keeping.source('orders').catch(() => undefined)
        await expect.poll(state, { timeout: 60_000 }).toMatchObject({ start: 301, end: 900 })
        const held = async (): Promise<number[]> => placesOf(await bus.read('orders', 0, 2_000).catch(() => []))
        await expect.poll(held, { timeout: 60_000 }).toEqual(placesOf(eventsOf(300, 900)))
      }
    }, 120_000)

    it('goes on behind a leader that is killed: nothing lost, nothing doubled, everything in order', async () => {
      const { servers, newSystem, open } = engine()
      const system = newSystem()
      const [bus, other, reader] = [await open({ system }), await open({ system }), await open({ system })]
      const environment = realEnvironment()
      const shared = { environment, source: 'orders', outbox: createListOutbox(total), batch: 50, leaseMs: 3_000 }
      const relays = [
        createRelay({ ...shared, bus, holder: 'a#1' }),
        createRelay({ ...shared, bus: other, holder: 'b#1' }),
      ]
      for (const relay of relays) relay.start()
      const found: number[] = []
      const readOn = async (): Promise<number> => {
        const page = await reader.read('orders', found.length, 500).catch(() => [])
        expect(page.map(({ offset }) => offset)).toEqual(page.map((_, index) => found.length + index + 1))
        found.push(...placesOf(page))
        return found.length
      }
      const leader = async (): Promise<string | undefined> => {
        const raw = await connect({ servers: servers.nodes.map(({ address }) => address) })
        const jsm = await jetstreamManager(raw, { checkAPI: false })
        const info = await jsm.streams.info(`${system}_orders`).catch(() => undefined)
        await raw.close()
        return info?.cluster?.leader
      }
      for (let kill = 1; kill <= 2; kill++) {
        await expect.poll(readOn, { timeout: 60_000, interval: 5 }).toBeGreaterThan((kill * total) / 4)
        await expect.poll(leader, { timeout: 30_000 }).toMatch(/^n/)
        const name = await leader()
        const node = servers.nodes.find((one) => one.name === name)!
        await node.kill()
        const before = found.length
        await expect.poll(readOn, { timeout: 60_000, interval: 20 }).toBeGreaterThan(before)
        await node.start()
      }
      await expect.poll(readOn, { timeout: 60_000, interval: 5 }).toBe(total)
      expect(found).toEqual(Array.from({ length: total }, (_, place) => place))
      await Promise.all(relays.map((relay) => relay.stop()))
      expect(await reader.end('orders')).toBe(total)
    }, 240_000)
  },
  3,
)
