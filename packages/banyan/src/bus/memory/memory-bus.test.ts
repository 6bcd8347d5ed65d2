import { expect, it } from 'vitest'
import { createVirtualEnvironment } from '../../core/environment/virtual/index.ts'
import { busSuite, keepingSuite, type OpenedBus } from '../../testing/suites/index.ts'
import { rejection, sampleEvent } from '../../testing/suites/sample.ts'
import { createMemoryBus } from './memory-bus.ts'

const open = async (): Promise<OpenedBus> => {
  const environment = createVirtualEnvironment()
  const bus = createMemoryBus({ environment })
  return { bus, shiftClock: async (ms) => environment.advance(ms), close: () => bus.close() }
}
busSuite('memory', open)
keepingSuite('memory', open)

it('refuses an append over its bound and takes nothing of it', async () => {
  const bus = createMemoryBus({ environment: createVirtualEnvironment(), maxEventsPerSource: 1 })
  const lease = (await bus.lease('sample', 'host', 1_000))!
  const cursor = { cluster: 'c', previous: '0', current: '2', lastId: '2' }
  const append = bus.append(lease, [sampleEvent('a'), sampleEvent('b')], cursor)
  expect(await rejection(append)).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'LOG_FULL' })
  expect(await bus.end('sample')).toBe(0)
})
