// The schema registry of `banyan dev`: everything is registered at the start, and what breaks its mode does not start.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMemoryStorage, createRegistry, openRegistryServer } from '@banyan/schema-registry'
import { findPostgres, startPostgresServer } from '@banyan/tools/postgres-server'
import { realEnvironment } from 'banyan/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { reservePort } from './process/ports.ts'
import {
  type Command,
  createPlace,
  type Env,
  endSystem,
  eventually,
  type Place,
  type RunningSystem,
  startCommand,
  startSystem,
} from './testing/running-system.ts'

let place: Place
let systems: Command[]

beforeEach(() => {
  place = createPlace()
  systems = []
})
afterEach(async () => {
  for (const system of systems) await endSystem(system, place)
  await place.remove()
})

async function start(args: readonly string[]): Promise<RunningSystem> {
  const system = await startSystem(place, args)
  systems.push(system)
  return system
}

async function stop(system: RunningSystem): Promise<void> {
  system.child.kill('SIGTERM')
  expect((await system.ended).code).toBe(0)
}

async function schema(args: readonly string[], env: Env = {}): Promise<{ code: unknown; output: string }> {
  const command = startCommand(['schema', ...args], { BANYAN_DATA_DIR: place.dataDir, ...env }, place.project)
  const { code } = await command.ended
  return { code, output: command.output() }
}

/** An event that readers of yesterday cannot read: what was a number is a text. */
const [before, after] = ['counter: t.String(), by: t.Integer()', 'counter: t.String(), by: t.String()']
function edit(from: string, to: string): void {
  const path = join(place.project, 'counter/contract.ts')
  const text = readFileSync(path, 'utf8')
  expect(text).toContain(from)
  writeFileSync(path, text.replace(from, to))
}

const refusal = /counter\.added\.v1, mode FULL: [^\n]*'\/by', rule 'type': [^\n]*\{"counter":"[^"]*","by":/

/** What one process shows already; each start of a system takes its time. */
const every = test.skipIf(process.env['BANYAN_EVERY_ENGINE'] === undefined)

test('one process: a changed event is refused with field, rule and witness, and the version before starts again', async () => {
  const first = await start(['--no-watch'])
  await first.ready()
  const { schemas } = await first.status()
  expect(schemas?.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(first.output()).toContain(`schemas    ${schemas?.url}`)
  const listed = await (await fetch(`${schemas?.url}/subjects`)).json()
  expect(listed).toContain('counter.added.v1')
  expect(listed).toContain('greeter.v1/greet.output')
  expect((await fetch(`${schemas?.url}/subjects/counter.added.v1`, { method: 'DELETE' })).status).toBe(401)
  expect((await schema(['list'])).output).toMatch(/counter\.added\.v1 +1 +1 +\d+ +JSON +FULL/)
  expect((await schema(['check'])).output).toContain('all compatible, 0 new')
  await stop(first)
  expect((await schema(['list'])).output).toContain('there is no schema registry')

  edit(before, after)
  const second = await start(['--no-watch'])
  expect((await second.ended).code).toBe(1)
  expect(second.output()).toMatch(refusal)
  expect(second.output()).not.toContain('    at ')

  edit(after, before)
  const third = await start(['--no-watch'])
  await third.ready()
  expect((await third.post('/counter', { by: 5 })).status).toBe(200)
  expect((await schema(['show', 'counter.added.v1', '2'])).output).toContain('has no version 2')
})

every(
  'many processes: the host of the changed service stays away, the others work, and it comes back with the old schema',
  async () => {
    const system = await start(['--split', 'all'])
    await system.ready()
    expect(readdirSync(place.dataDir)).toEqual(expect.arrayContaining(['schemas-counter.json', 'schemas-greeter.json']))
    await system.post('/counter', { by: 5 })
    edit(before, after)
    await eventually('the refusal', system.output, (text) => text.includes('counter cannot run'))
    expect(system.output()).toMatch(refusal)
    await eventually(
      'the other service to answer',
      () => system.get('/heard'),
      ({ status, body }) => status === 200 && (body as { sum: number }).sum === 5,
    )
    expect((await system.status()).processes.find(({ name }) => name === 'counter')?.pid).toBeNull()

    edit(after, before)
    await system.ready()
    expect(await system.post('/counter', { by: 1 })).toEqual({ status: 200, body: { total: 6 } })
  },
)

every('--no-schemas: no registry, and nobody judges', async () => {
  const first = await start(['--no-watch'])
  await first.ready()
  await stop(first)
  edit(before, after)
  const second = await start(['--no-watch', '--no-schemas'])
  await second.ready()
  expect((await second.status()).schemas).toBeNull()
  expect((await schema(['list'])).output).toContain('there is no schema registry')
})

test.skipIf(!findPostgres().found)(
  'a host without a parent asks the registry it is given; while nobody answers, what was accepted before starts',
  async () => {
    const server = await startPostgresServer()
    const registry = createRegistry({ storage: createMemoryStorage() })
    const http = await openRegistryServer({ environment: realEnvironment(), registry, token: 'secret', port: 0 })
    const free = (): Promise<number> => reservePort({ port: 0, owner: '', setting: '' })
    const run = async (env: Env): Promise<Command> => {
      const places = {
        BANYAN_LISTEN: `127.0.0.1:${await free()}`,
        DATABASE_URL: server.url,
        BANYAN_DATA_DIR: place.dataDir,
      }
      const host = startCommand(['run', '--name', 'alone'], { ...places, ...env }, place.project)
      systems.push(host)
      return host
    }
    const untilReady = async (host: Command): Promise<void> => {
      await eventually('the host to be ready', host.output, (text) => text.includes('"ready"'))
      host.child.kill('SIGTERM')
      await host.ended
    }
    const given = { BANYAN_SCHEMA_REGISTRY: `http://127.0.0.1:${http.port}`, BANYAN_SCHEMA_TOKEN: 'secret' }
    try {
      const unjudged = await run({})
      await untilReady(unjudged)
      expect(unjudged.output()).toContain('no schema registry')
      await untilReady(await run(given))
      expect(await registry.subjects()).toContain('counter.added.v1')
      await http.close(100)
      const cached = await run(given)
      await untilReady(cached)
      expect(cached.output()).toContain('all schemas were accepted before')
      edit(before, after)
      const stranger = await run(given)
      expect((await stranger.ended).code).toBe(1)
      expect(stranger.output()).toMatch(/cannot be reached.*never accepted.*counter\.added\.v1/)
    } finally {
      await http.close(100)
      await server.stop()
    }
  },
)
