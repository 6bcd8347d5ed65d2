/** A server that dies and comes back. */
import { createRelay } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import { expect, it } from 'vitest'
import { describeNats } from './testing/engines.ts'
import { createListOutbox, cursorAt, eventAt, eventsOf, placesOf } from './testing/list-outbox.ts'

const total = 4_000

describeNats('restart', (engine) => {
  it('loses and doubles nothing when the server is killed again and again in the middle of appends', async () => {
    const system = engine().newSystem()
    const node = engine().servers.nodes[0]!
    const bus = await engine().open({ system })
    const reader = await engine().open({ system })
    const options = {
      environment: realEnvironment(),
      source: 'orders',
      outbox: createListOutbox(total),
      bus,
      holder: 'a#1',
    }
    const relay = createRelay({ ...options, batch: 40 })
    relay.start()
    const found: number[] = []
    const readOn = async (): Promise<number> => {
      const page = await reader.read('orders', found.length, 500).catch(() => [])
      expect(page.map(({ offset }) => offset)).toEqual(page.map((_, index) => found.length + index + 1))
      found.push(...placesOf(page))
      return found.length
    }
    for (let restart = 1; restart <= 3; restart++) {
      await expect.poll(readOn, { timeout: 20_000, interval: 5 }).toBeGreaterThan((restart * total) / 5)
      await node.kill()
      await node.start()
    }
    await expect.poll(readOn, { timeout: 30_000, interval: 5 }).toBe(total)
    expect(found).toEqual(Array.from({ length: total }, (_, place) => place))
    expect(await reader.end('orders')).toBe(total)
    await relay.stop()
  })

  it('refuses an event over max_payload naming the limit, and a server that takes only small messages at the start', async () => {
    const system = engine().newSystem()
    const node = engine().servers.nodes[0]!
    const bus = await engine().open({ system })
    const lease = (await bus.lease('orders', 'a#1', 10_000))!
    await node.kill()
    await node.start('max_payload: 65536')
    await expect
      .poll(
        async () =>
          bus.ping().then(
            () => 'up',
            () => 'down',
          ),
        { timeout: 10_000 },
      )
      .toBe('up')
    const big = { ...eventAt(0), envelope: JSON.stringify({ data: 'x'.repeat(70_000) }) }
    const error = await bus.append(lease, [big], cursorAt(1)).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'EVENT_TOO_LARGE',
      message: expect.stringContaining('65536 (max_payload)'),
    })
    await bus.append(lease, eventsOf(0, 3), cursorAt(3))
    expect(placesOf(await bus.read('orders', 0, 10))).toEqual([0, 1, 2])
    await expect(engine().open({ system })).rejects.toMatchObject({ reason: 'MAX_PAYLOAD_TOO_SMALL' })
    await node.kill()
    await node.start()
  })
})
