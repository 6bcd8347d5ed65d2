import { expect, it } from 'vitest'
import { createVirtualEnvironment } from '../core/environment/virtual/index.ts'
import { createWaits } from './waits.ts'

function waiting(): {
  readonly environment: ReturnType<typeof createVirtualEnvironment>
  readonly waits: ReturnType<typeof createWaits>
  readonly ended: () => number | undefined
  readonly note: (wait: Promise<void>) => void
} {
  const environment = createVirtualEnvironment()
  let endedMs: number | undefined
  return {
    environment,
    waits: createWaits(environment.timers),
    ended: () => endedMs,
    note: (wait) =>
      void wait.then(() => {
        endedMs = environment.clock.monotonic()
      }),
  }
}

it('idles until woken', async () => {
  const { environment, waits, ended, note } = waiting()
  note(waits.idle(100))
  await environment.advance(10)
  waits.wake()
  await environment.advance(1)
  expect(ended()).toBe(10)
})

it('does not miss a wake that came before it idles, and takes it for one idle only', async () => {
  const { environment, waits, ended, note } = waiting()
  waits.wake()
  note(waits.idle(100))
  await environment.advance(1)
  expect(ended()).toBe(0)
  note(waits.idle(100))
  await environment.advance(200)
  expect(ended()).toBe(101)
})

it('is not woken from a pause, only interrupted', async () => {
  const { environment, waits, ended, note } = waiting()
  note(waits.pause(100))
  waits.wake()
  await environment.advance(50)
  expect(ended()).toBeUndefined()
  waits.interrupt()
  await environment.advance(1)
  expect(ended()).toBe(50)
  await environment.quiesce()
})
