// Code that changes while the system runs.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
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

beforeEach(async () => {
  place = createPlace()
  system = await startSystem(place, ['--no-schemas'])
  await system.ready()
})
afterEach(async () => {
  await endSystem(system, place)
  await place.remove()
})

const edit = (path: string, from: string, to: string): void => {
  const file = join(place.project, path)
  const text = readFileSync(file, 'utf8')
  expect(text).toContain(from)
  writeFileSync(file, text.replace(from, to))
}
const greeting = (text: string) =>
  eventually(
    `the greeting to be '${text}'`,
    () => system.get('/greet/ada'),
    ({ body }) => (body as { text?: string }).text === text,
  )

test('a change is served after a restart of hosts and of nothing else; what does not load changes nothing', async () => {
  const [postgres, neighbour] = [await system.pidOf('postgres'), await system.pidOf('neighbour')]
  await system.post('/counter', { by: 1 })
  edit('greeter/service.ts', 'text: `hello ', 'text: `good morning ')
  await greeting('good morning ada 1')
  expect(await system.pidOf('postgres')).toBe(postgres)
  expect(await system.pidOf('neighbour')).toBe(neighbour)
  expect(system.output()).toContain('greeter/service.ts changed: restarting hosts')

  const host = await system.pidOf('main')
  edit('system.ts', "name: 'pair'", "name: 'pair")
  await eventually('the fault to be told', system.output, (text) => text.includes('not reloaded'))
  expect(await system.pidOf('main')).toBe(host)
  await greeting('good morning ada 1')

  edit('system.ts', "name: 'pair", "name: 'pair'")
  await eventually(
    'the host to be another',
    () => system.pidOf('main'),
    (pid) => pid !== host,
  )
  await greeting('good morning ada 1')
})

test('a service that does not load is told, and served again once it is put right', async () => {
  edit('greeter/service.ts', 'return { text', 'return return { text')
  await eventually('the fault to be told', system.output, (text) => text.includes('main cannot run'))
  edit('greeter/service.ts', 'return return { text', 'return { text')
  await greeting('hello ada 0')
})

test('an edited migration is refused with what to do', async () => {
  appendFileSync(join(place.project, 'counter/migrations/001-counter.sql'), '-- later thought\n')
  await eventually('the refusal', system.output, (text) =>
    text.includes('migration 001-counter was edited after it had been applied'),
  )
  const main = (await system.status()).processes.find(({ name }) => name === 'main')
  expect(main?.pid).toBeNull()
})

test('a service that is taken out of the system goes, with nothing else started anew but hosts', async () => {
  const postgres = await system.pidOf('postgres')
  edit('system.ts', '    service(Greeter,', '    // service(Greeter,')
  await eventually('the service to be gone', system.status, ({ services }) => services.length === 1)
  await system.ready()
  expect((await system.get('/greet/ada')).status).toBe(404)
  expect((await system.get('/counter')).status).toBe(200)
  expect(await system.pidOf('postgres')).toBe(postgres)
})
