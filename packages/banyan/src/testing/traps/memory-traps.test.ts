/**
 * The traps on the memory implementations, in virtual time. Traps 1 to 5 cannot be set up here: a commit in memory is one
 * synchronous step, so nothing is ever committed late.
 */
import { createMemoryBus } from '../../bus/memory/memory-bus.ts'
import { sleep } from '../../core/environment/timers.ts'
import { createVirtualEnvironment } from '../../core/environment/virtual/index.ts'
import { createMemoryStore } from '../../store/memory/memory-store.ts'
import { trapSuite } from '../suites/trap-suite.ts'

/** Of virtual time. */
const limitMs = 600_000

trapSuite('memory', async () => {
  const environment = createVirtualEnvironment()
  const store = createMemoryStore({ environment, service: 'sample' })
  const bus = createMemoryBus({ environment })
  async function wait(what: () => Promise<boolean>): Promise<void> {
    const endMs = environment.clock.monotonic() + limitMs
    while (!(await what())) {
      if (environment.clock.monotonic() > endMs) throw new Error(`not so after ${limitMs} ms of virtual time`)
      await sleep(environment.timers, 10)
    }
  }
  return {
    store,
    bus,
    environment,
    until: (what) => environment.run(wait(what)),
    shiftClock: async (ms) => environment.advance(ms),
    close: async () => {
      await bus.close()
      await store.close()
    },
  }
})
