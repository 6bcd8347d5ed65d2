/** Back-pressure: a slow consumer with a hundred thousand events behind it holds no more of them than its bounds say. */
import { expect, it } from 'vitest'
import { sleep } from '../core/environment/timers.ts'
import { createDeliveryRig } from '../testing/suites/delivery-rig.ts'
import type { Bus, LoggedEvent } from './bus.ts'

const behind = 100_000

/** A log that makes its events when they are read, so that whoever keeps them is the consumer. */
function createEndlessLog(bus: Bus): { readonly bus: Bus; read(): number } {
  let given = 0
  const toEvent = (offset: number): LoggedEvent => ({
    id: `019b76da-a87b-7000-8000-${offset.toString(16).padStart(12, '0')}`,
    source: 'producer',
    offset,
    type: 'sample.happened.v1',
    key: `k${offset % 5_000}`,
    envelope: '{}',
  })
  return {
    read: () => given,
    bus: {
      ...bus,
      end: async () => behind,
      async read(_source, afterOffset, limit) {
        const count = Math.max(0, Math.min(limit, behind - afterOffset))
        given += count
        return Array.from({ length: count }, (_, index) => toEvent(afterOffset + index + 1))
      },
    },
  }
}

it.each(['one by one', 'in batches'] as const)(
  'holds bounded memory with 10^5 events behind, %s',
  async (how) => {
    const rig = createDeliveryRig()
    const log = createEndlessLog(rig.bus)
    const durations = { slow: 200, fast: 0 }
    let pace: keyof typeof durations = 'slow'
    let done = 0
    let most = 0
    const handle = async (count: number): Promise<void> => {
      most = Math.max(most, log.read() - done)
      if (durations[pace] > 0) await sleep(rig.environment.timers, durations[pace])
      done += count
    }
    const consumer = rig.consume(undefined, {
      bus: log.bus,
      handle: () => handle(1),
      handleBatch: (events) => handle(events.length),
      policyOf: () => (how === 'in batches' ? { batch: { size: 20, waitMs: 5 } } : undefined),
    })
    consumer.start()
    for (let step = 0; step < 40; step++) {
      await rig.environment.advance(500)
      expect(consumer.status().buffered).toBeLessThanOrEqual(1_000)
    }
    expect(done).toBeGreaterThan(1_000)
    expect(done).toBeLessThan(behind / 2)
    pace = 'fast'
    await rig.until(() => consumer.status().cursor === behind)
    expect(done).toBe(behind)
    expect(most).toBeGreaterThan(200)
    // What is read and not done: the buffer, and the page that is on its way into it.
    expect(most).toBeLessThanOrEqual(1_000)
  },
  120_000,
)
