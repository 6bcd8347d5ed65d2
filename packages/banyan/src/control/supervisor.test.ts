import { expect, test } from 'vitest'
import { createVirtualEnvironment } from '../core/environment/virtual/index.ts'
import { createSupervisor, type Run, type SupervisorOptions } from './supervisor.ts'

/** Processes that end when the test says so. */
function setUp(options: Partial<SupervisorOptions> = {}, polite = true) {
  const environment = createVirtualEnvironment({ seed: 7 })
  const runs: { end(how: string): void; asked: number; killed: number; startedMs: number }[] = []
  const supervisor = createSupervisor({
    environment,
    launch: (): Run => {
      const { promise, resolve } = Promise.withResolvers<string>()
      const run = { end: resolve, asked: 0, killed: 0, startedMs: environment.clock.monotonic() }
      runs.push(run)
      return {
        pid: 100 + runs.length,
        ended: promise,
        ask() {
          run.asked++
          if (polite) resolve('exit code 0')
        },
        kill() {
          run.killed++
          resolve('SIGKILL')
        },
      }
    },
    ...options,
  })
  const last = () => runs.at(-1)!
  return { environment, supervisor, runs, last }
}

test('what ends unasked is started again, later each time, but never later than ten seconds', async () => {
  const { environment, supervisor, runs, last } = setUp()
  supervisor.start()
  const waits: number[] = []
  for (let crash = 0; crash < 12; crash++) {
    last().end('exit code 1')
    const endedMs = environment.clock.monotonic()
    const before = runs.length
    while (runs.length === before) await environment.advance(10)
    waits.push(last().startedMs - endedMs)
  }
  waits.forEach((wait, crash) => {
    const step = Math.min(10_000, 100 * 2 ** crash)
    expect(wait).toBeGreaterThanOrEqual(step / 2 - 10)
    expect(wait).toBeLessThanOrEqual(step + 10)
  })
  expect(supervisor.restarts).toBe(12)
  expect(supervisor.lastEnd).toBe('exit code 1')
})

test('thirty healthy seconds make the next crash the first again; twenty-nine do not', async () => {
  const { environment, supervisor, runs, last } = setUp()
  supervisor.start()
  for (let crash = 0; crash < 6; crash++) {
    last().end('exit code 1')
    await environment.advance(10_000)
  }
  supervisor.report(true)
  await environment.advance(29_000)
  last().end('exit code 1')
  await environment.advance(1_000)
  expect(supervisor.state).toBe('waiting')
  await environment.advance(10_000)
  supervisor.report(true)
  await environment.advance(30_001)
  const before = runs.length
  last().end('exit code 1')
  await environment.advance(100)
  expect(runs.length).toBe(before + 1)
})

test('being unready for a moment begins the healthy time anew', async () => {
  const { environment, supervisor, last } = setUp()
  supervisor.start()
  last().end('exit code 1')
  await environment.advance(100)
  supervisor.report(true)
  await environment.advance(29_000)
  supervisor.report(false)
  expect(supervisor.state).toBe('unready')
  supervisor.report(true)
  await environment.advance(2_000)
  last().end('exit code 1')
  await environment.advance(90)
  expect(supervisor.state).toBe('waiting')
})

test('a process that says nothing of itself is starting, whatever it is said not to be', () => {
  const { supervisor } = setUp()
  expect(supervisor.state).toBe('idle')
  supervisor.start()
  supervisor.report(false)
  expect(supervisor.state).toBe('starting')
  supervisor.report(true)
  expect(supervisor.state).toBe('ready')
})

test('stop asks first and kills at the end of the time', async () => {
  const { environment, supervisor, last } = setUp({}, false)
  supervisor.start()
  const stopped = supervisor.stop(5_000)
  await environment.advance(4_900)
  expect([supervisor.state, last().asked, last().killed]).toEqual(['stopping', 1, 0])
  await environment.advance(200)
  await environment.run(stopped)
  expect([supervisor.state, supervisor.pid, last().killed]).toEqual(['stopped', undefined, 1])
})

test('who ends when asked is not killed, and no timer is left behind', async () => {
  const { environment, supervisor, last } = setUp()
  supervisor.start()
  await environment.run(supervisor.stop(5_000))
  await environment.quiesce(10_000)
  expect([last().asked, last().killed]).toEqual([1, 0])
})

test('a second stop with less patience ends it at once', async () => {
  const { environment, supervisor, last } = setUp({}, false)
  supervisor.start()
  const first = supervisor.stop(60_000)
  await environment.run(supervisor.stop(0))
  await environment.run(first)
  expect(last().killed).toBeGreaterThanOrEqual(1)
  expect(environment.clock.monotonic()).toBeLessThan(1_000)
})

test('stop during a back-off cancels the restart', async () => {
  const { environment, supervisor, runs, last } = setUp()
  supervisor.start()
  last().end('exit code 1')
  await environment.advance(1)
  await environment.run(supervisor.stop(1_000))
  await environment.advance(60_000)
  expect([runs.length, supervisor.state]).toEqual([1, 'stopped'])
})

test('what is reported after the stop changes nothing', async () => {
  const { environment, supervisor } = setUp()
  supervisor.start()
  await environment.run(supervisor.stop(1_000))
  supervisor.report(true)
  expect(supervisor.state).toBe('stopped')
})

test('a restart waits for the end of the old run and for nothing else, also out of a back-off', async () => {
  const { environment, supervisor, runs, last } = setUp()
  supervisor.start()
  for (let crash = 0; crash < 8; crash++) {
    last().end('exit code 1')
    await environment.advance(10_000)
  }
  last().end('exit code 1')
  await environment.advance(1)
  const before = runs.length
  await environment.run(supervisor.restart(1_000))
  expect(runs.length).toBe(before + 1)
  await environment.run(supervisor.restart(1_000))
  expect(runs.length).toBe(before + 2)
  await environment.advance(60_000)
  expect(runs.length).toBe(before + 2)
})

test('a stop that comes while a restart waits wins', async () => {
  const { environment, supervisor, runs } = setUp({}, false)
  supervisor.start()
  const restarted = supervisor.restart(1_000)
  const stopped = supervisor.stop(0)
  await environment.run(Promise.all([restarted, stopped]))
  await environment.advance(60_000)
  expect([runs.length, supervisor.state]).toEqual([1, 'stopped'])
})

test('who is given up stays down until somebody restarts it', async () => {
  const { environment, supervisor, runs, last } = setUp({ onEnd: () => true })
  supervisor.start()
  last().end('exit code 1')
  await environment.advance(60_000)
  expect([runs.length, supervisor.state]).toEqual([1, 'failed'])
  await environment.run(supervisor.restart(1_000))
  expect([runs.length, supervisor.state]).toEqual([2, 'starting'])
})

test('a process that cannot even be started is tried again', async () => {
  const environment = createVirtualEnvironment()
  let launches = 0
  const supervisor = createSupervisor({
    environment,
    launch: () => {
      launches++
      return { pid: undefined, ended: Promise.resolve('cannot be started'), ask: () => {}, kill: () => {} }
    },
  })
  supervisor.start()
  await environment.advance(60_000)
  expect(launches).toBeGreaterThan(5)
  expect(launches).toBeLessThan(20)
  await environment.run(supervisor.stop(0))
})
