// How a system ends: in order and with what is under way, or at once when somebody insists.
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identifyProcess, isRunning, type ProcessIdentity } from './process/identity.ts'
import { readRunRecord } from './process/run-record.ts'
import { sameWishMs } from './process/signals.ts'
import {
  createPlace,
  endSystem,
  eventually,
  type Place,
  type RunningSystem,
  startSystem,
} from './testing/running-system.ts'

let place: Place
let system: RunningSystem

beforeEach(() => {
  place = createPlace()
})
afterEach(async () => {
  await endSystem(system, place)
  await place.remove()
})

const slowUnderWay = () =>
  eventually(
    'the slow call to be under way',
    system.status,
    ({ services }) => services.find(({ name }) => name === 'counter')?.operations['slow']?.inFlight === 1,
  )

test.each([[[]], [['--split', 'all']]])(
  'SIGTERM %j: what is under way is answered, then all end, with 0',
  async (args) => {
    system = await startSystem(place, ['--no-watch', '--no-schemas', ...args])
    await system.ready()
    const slow = system.get('/slow/1500')
    await slowUnderWay()
    const { children = [] } = readRunRecord(place.dataDir) ?? {}
    system.child.kill('SIGTERM')
    expect(await slow).toEqual({ status: 200, body: { ms: 1_500 } })
    expect(await system.ended).toEqual({ code: 0, signal: null })
    expect(children.length).toBeGreaterThan(1)
    expect(children.filter(isRunning)).toEqual([])
  },
)

test('the signal that a terminal and a package manager both send is one wish', async () => {
  system = await startSystem(place, ['--no-watch', '--no-schemas'])
  await system.ready()
  const slow = system.get('/slow/1000')
  await slowUnderWay()
  system.child.kill('SIGINT')
  await pause(50)
  system.child.kill('SIGINT')
  expect((await slow).status).toBe(200)
  expect(await system.ended).toEqual({ code: 0, signal: null })
})

test('a second signal ends everything at once, with 1', async () => {
  system = await startSystem(place, ['--no-watch', '--no-schemas'])
  await system.ready()
  const slow = system.get('/slow/20000').catch((error: Error) => error)
  await slowUnderWay()
  const { children = [] } = readRunRecord(place.dataDir) ?? {}
  const postgres = identifyProcess(await system.pidOf('postgres')) as ProcessIdentity
  const askedMs = performance.now()
  system.child.kill('SIGTERM')
  await pause(sameWishMs + 200)
  system.child.kill('SIGTERM')
  expect(await system.ended).toEqual({ code: 1, signal: null })
  expect(performance.now() - askedMs).toBeLessThan(8_000)
  expect(await slow).toBeInstanceOf(Error)
  const all = [...children, postgres]
  await eventually(
    'all children to end',
    () => all.filter(isRunning).length,
    (left) => left === 0,
  )
})

test('a signal during the start ends what was started so far', async () => {
  system = await startSystem(place, ['--no-watch', '--no-schemas'])
  await eventually('the status page', system.status, ({ state }) => state === 'starting')
  system.child.kill('SIGTERM')
  expect((await system.ended).code).not.toBeNull()
  expect(readRunRecord(place.dataDir)).toBeUndefined()
  const again = await startSystem(place, ['--no-watch', '--no-schemas'])
  system = again
  await again.ready()
})
