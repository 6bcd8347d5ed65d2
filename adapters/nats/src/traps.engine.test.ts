/** The traps that live in ports (6, 7, 8, 10, 14), with the log on NATS. */
import { type Environment, realEnvironment } from 'banyan/core'
import { createMemoryStore } from 'banyan/store'
import { type OpenedTraps, trapSuite } from 'banyan/testing/suites'
import { expect } from 'vitest'
import { describeNats } from './testing/engines.ts'

describeNats('traps', (engine) => {
  trapSuite('nats', async (): Promise<OpenedTraps> => {
    let shiftMs = 0
    const real = realEnvironment()
    const clock = { now: () => real.clock.now() + shiftMs, monotonic: () => real.clock.monotonic() + shiftMs }
    const shifted: Environment = { ...real, clock }
    const store = createMemoryStore({ environment: shifted, service: 'sample' })
    const bus = await engine().open({ system: engine().newSystem(), leaseClockShiftMs: () => shiftMs })
    return {
      store,
      bus,
      environment: real,
      until: async (what) => void (await expect.poll(what, { timeout: 20_000 }).toBe(true)),
      shiftClock: (ms) => {
        shiftMs += ms
      },
      close: () => store.close(),
    }
  })
})
