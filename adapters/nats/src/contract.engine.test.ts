/** The contract suites of the bus on a real server. Each test has a system of its own. */
import { busSuite, keepingSuite, type OpenedBus } from 'banyan/testing/suites'
import { describeNats } from './testing/engines.ts'

describeNats('contract', (engine) => {
  const open = async (): Promise<OpenedBus> => {
    const system = engine().newSystem()
    let shiftMs = 0
    const options = { system, leaseClockShiftMs: () => shiftMs }
    const [bus, second] = [await engine().open(options), await engine().open(options)]
    return {
      bus,
      second,
      shiftClock(ms) {
        shiftMs += ms
      },
      close: async () => {
        await Promise.all([bus.close(), second.close()])
      },
    }
  }
  busSuite('nats', open)
  keepingSuite('nats', open)
})
