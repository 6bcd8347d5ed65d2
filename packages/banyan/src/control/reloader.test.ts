import { expect, test } from 'vitest'
import { sleep } from '../core/environment/timers.ts'
import { createVirtualEnvironment } from '../core/environment/virtual/index.ts'
import { createReloader } from './reloader.ts'

function setUp(tookMs = 0) {
  const environment = createVirtualEnvironment()
  const reloads: { readonly atMs: number; readonly changed: readonly string[] }[] = []
  const reloader = createReloader({
    environment,
    async reload(changed) {
      reloads.push({ atMs: environment.clock.monotonic(), changed })
      if (tookMs > 0) await sleep(environment.timers, tookMs)
    },
  })
  return { environment, reloader, reloads }
}

test('a flurry is one reload, after a moment of quiet, and says each name once', async () => {
  const { environment, reloader, reloads } = setUp()
  for (const name of ['a', 'b', 'a']) {
    reloader.changed(name)
    await environment.advance(100)
  }
  expect(reloads).toEqual([])
  await environment.advance(100)
  expect(reloads.map(({ changed }) => changed)).toEqual([['a', 'b']])
})

test('changes that never end are reloaded all the same', async () => {
  const { environment, reloader, reloads } = setUp()
  for (let passed = 0; passed < 5_000; passed += 100) {
    reloader.changed('log.ts')
    await environment.advance(100)
  }
  expect(reloads.length).toBeGreaterThanOrEqual(2)
  expect(reloads[0]?.atMs).toBeLessThanOrEqual(2_100)
})

test('what changes during a reload is reloaded after it, never beside it', async () => {
  const { environment, reloader, reloads } = setUp(5_000)
  reloader.changed('a')
  await environment.advance(1_000)
  reloader.changed('b')
  await environment.advance(3_000)
  expect(reloads).toHaveLength(1)
  await environment.advance(3_000)
  expect(reloads.map(({ changed }) => changed)).toEqual([['a'], ['b']])
})

test('nothing after close, also when a change waits', async () => {
  const { environment, reloader, reloads } = setUp()
  reloader.changed('a')
  reloader.close()
  reloader.changed('b')
  await environment.advance(10_000)
  expect(reloads).toEqual([])
})
