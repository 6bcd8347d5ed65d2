// kill -9 of everything that can be killed, one after the other.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identifyProcess, isRunning } from './process/identity.ts'
import { readRunRecord } from './process/run-record.ts'
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

/** Kills a process and waits until another has taken its place and all is ready. */
async function killAndRecover(name: string): Promise<{ readonly before: number; readonly after: number }> {
  const before = await system.pidOf(name)
  process.kill(before, 'SIGKILL')
  const after = await eventually(
    `another ${name}`,
    () => system.pidOf(name),
    (pid) => pid !== before,
  )
  await system.ready()
  return { before, after }
}

test('a host, split: it is started again, the others go on, nothing that was acknowledged is lost', async () => {
  system = await startSystem(place, ['--no-watch', '--no-schemas', '--split', 'all'])
  await system.ready()
  await system.post('/counter', { by: 9 })
  const greeter = await system.pidOf('greeter')
  await killAndRecover('counter')
  expect(await system.pidOf('greeter')).toBe(greeter)
  await eventually(
    'the greeter to find the new counter',
    () => system.get('/greet/ada'),
    ({ status, body }) => status === 200 && (body as { text: string }).text === 'hello ada 9',
  )
  await eventually(
    'the event to arrive',
    () => system.get('/heard'),
    ({ body }) => (body as { sum: number }).sum === 9,
  )
  const status = await system.status()
  expect(status.processes.find(({ name }) => name === 'counter')).toMatchObject({ restarts: 1, state: 'ready' })
  expect(system.output()).toMatch(/counter ended \(SIGKILL\); starting it again in 0\.1 s/)
})

test('the only host, the program beside it, and the database server', async () => {
  system = await startSystem(place, ['--no-watch', '--no-schemas'])
  await system.ready()
  await system.post('/counter', { by: 2 })
  await killAndRecover('main')
  await killAndRecover('neighbour')
  await killAndRecover('postgres')
  await eventually(
    'the services to have found the database again',
    () => system.post('/counter', { by: 1 }),
    ({ status }) => status === 200,
  )
  const { processes } = await system.status()
  expect(processes.map(({ restarts }) => restarts)).toEqual([0, 1, 1, 1])
})

test('an error that nobody catches ends the host with 1, and it is started again', async () => {
  system = await startSystem(place, ['--no-watch', '--no-schemas'])
  await system.ready()
  const before = await system.pidOf('main')
  await system.post('/throw-later', {})
  await eventually(
    'another host',
    () => system.pidOf('main'),
    (pid) => pid !== before,
  )
  await system.ready()
  expect(system.output()).toContain('uncaught exception')
  expect(system.output()).toContain('nobody catches this')
  expect(system.output()).toContain('main ended (exit code 1)')
})

test('a host that is asked to end by somebody else drains and is started again', async () => {
  system = await startSystem(place, ['--no-watch', '--no-schemas'])
  await system.ready()
  const before = await system.pidOf('main')
  const slow = system.get('/slow/1000')
  await eventually(
    'the slow call to be under way',
    system.status,
    ({ services }) => services[0]?.operations['slow']?.inFlight === 1,
  )
  process.kill(before, 'SIGTERM')
  expect(await slow).toEqual({ status: 200, body: { ms: 1_000 } })
  await eventually(
    'another host',
    () => system.pidOf('main'),
    (pid) => pid !== before,
  )
  expect(system.output()).toContain('main ended (exit code 0)')
})

test('the parent: its children end, nothing is left, and the next start finds its data', async () => {
  system = await startSystem(place, ['--no-watch', '--no-schemas', '--split', 'all'])
  await system.ready()
  await system.post('/counter', { by: 4 })
  const record = readRunRecord(place.dataDir)
  expect(record?.children.map(({ name }) => name)).toEqual(['gateway', 'counter', 'greeter', 'neighbour'])
  const postgres = identifyProcess(await system.pidOf('postgres'))
  system.child.kill('SIGKILL')
  await system.ended
  const all = [...(record?.children ?? []), ...(postgres === undefined ? [] : [postgres])]
  await eventually(
    'all children to end',
    () => all.filter(isRunning).length,
    (left) => left === 0,
  )
  system = await startSystem(place, ['--no-watch', '--no-schemas'])
  await system.ready()
  expect((await system.get('/counter')).body).toMatchObject({ total: 4 })
})

test('the parent, and the next start at once: what is left is ended first', async () => {
  system = await startSystem(place, ['--no-watch', '--no-schemas', '--split', 'all'])
  await system.ready()
  await system.post('/counter', { by: 6 })
  system.child.kill('SIGKILL')
  await system.ended
  system = await startSystem(place, ['--no-watch', '--no-schemas', '--split', 'all'])
  await system.ready()
  expect((await system.get('/counter')).body).toMatchObject({ total: 6 })
  const record = JSON.parse(readFileSync(`${place.dataDir}/run.json`, 'utf8')) as { parent: { pid: number } }
  expect(record.parent.pid).toBe(system.pid)
})
