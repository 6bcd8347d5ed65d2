// A PostgreSQL server instead of the embedded one; looking into databases; a host without a parent.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPostgres, type PostgresServer, startPostgresServer } from '@banyan/tools/postgres-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { reservePort } from './process/ports.ts'
import {
  type Command,
  createPlace,
  type Env,
  endSystem,
  eventually,
  type Place,
  startCommand,
  startSystem,
} from './testing/running-system.ts'

const installation = findPostgres()
let server: PostgresServer
let place: Place
let commands: Command[]

beforeEach(() => {
  place = createPlace()
  commands = []
})
afterEach(async () => {
  for (const command of commands) await endSystem(command, place)
  await place.remove()
})

async function banyan(args: readonly string[], env: Env) {
  const command = startCommand(args, { BANYAN_DATA_DIR: place.dataDir, ...env }, place.project)
  const { code } = await command.ended
  return { code, output: command.output() }
}

/** What a command does, wherever the databases are. */
async function lookInside(env: Env): Promise<void> {
  const sql = (statement: string, ...more: string[]) => banyan(['db', 'sql', 'counter', statement, ...more], env)
  expect(await sql('select id, total from counter', '--json')).toEqual({
    code: 0,
    output: `${JSON.stringify([{ id: 'one', total: 5 }], null, 2)}\n`,
  })
  expect((await sql('select id, total from counter')).output).toMatch(/^id +total\n--- +-----\none +5\n\(1 row\)\n$/)
  const written = await sql('update counter set total = 0')
  expect(written.code).toBe(1)
  expect(written.output).toMatch(/^banyan: .*read-only transaction/)
  expect((await sql('update counter set total = 6 returning total', '--write', '--json')).output).toContain('6')
  const foreign = await sql('select * from heard')
  expect(foreign.output).toMatch(/relation "heard" does not exist/)
  const status = await banyan(['db', 'status', '--json'], env)
  expect(JSON.parse(status.output)).toMatchObject([
    { service: 'counter', migration: '001-counter', state: 'applied' },
    { service: 'greeter', migration: '001-heard', state: 'applied' },
  ])
  expect(await banyan(['events', 'dead', '--json'], env)).toEqual({ code: 0, output: '[]\n' })
}

test('db commands find the embedded database, whether the system runs or not', async () => {
  const system = await startSystem(place, ['--no-watch', '--no-schemas'])
  commands.push(system)
  await system.ready()
  await system.post('/counter', { by: 5 })
  await lookInside({})
  system.child.kill('SIGTERM')
  await system.ended
  const after = await banyan(['db', 'sql', 'counter', 'select total from counter', '--json'], {})
  expect(after).toEqual({ code: 0, output: `${JSON.stringify([{ total: 6 }], null, 2)}\n` })
})

describe.skipIf(!installation.found)('a PostgreSQL server', () => {
  beforeAll(async () => {
    server = await startPostgresServer()
  })
  afterAll(async () => {
    await server?.stop()
  })

  test('migrate first, then run split, then look inside; --fresh is refused', async () => {
    const env = { DATABASE_URL: server.url }
    const migrated = await banyan(['db', 'migrate', '--json'], env)
    expect(migrated.code).toBe(0)
    expect(migrated.output).toContain('applied now')
    const system = await startSystem(place, ['--no-watch', '--no-schemas', '--split', 'all'], env)
    commands.push(system)
    await system.ready()
    await system.post('/counter', { by: 5 })
    const { processes, database } = await system.status()
    expect(database).toEqual({ mode: 'server', state: 'ready' })
    expect(processes.some(({ kind }) => kind === 'postgres')).toBe(false)
    const neighbour = processes.find(({ name }) => name === 'neighbour')
    expect(await (await fetch(neighbour?.address ?? '')).json()).toEqual({ word: 'hello', databases: false })
    await lookInside(env)
    system.child.kill('SIGTERM')
    expect((await system.ended).code).toBe(0)
    const fresh = await banyan(['dev', '--fresh'], env)
    expect(fresh).toMatchObject({ code: 2, output: expect.stringContaining('--fresh') })
  })

  test('a server that is not there is said in one line', async () => {
    const { code, output } = await banyan(['dev', '--no-watch', '--gateway-port', '0', '--control-port', '0'], {
      DATABASE_URL: 'postgresql://postgres:hunter2@127.0.0.1:1/postgres',
    })
    expect(code).toBe(1)
    expect(output).toMatch(/banyan: .*127\.0\.0\.1:1/)
    expect(output).not.toContain('hunter2')
    expect(output).not.toContain('    at ')
  })

  test('hosts without a parent: two that share the system, and each drains on SIGTERM', async () => {
    const free = () => reservePort({ port: 0, owner: '', setting: '' })
    const [counterPort, edgePort, gatewayPort] = [await free(), await free(), await free()]
    const secrets = mkdtempSync(join(tmpdir(), 'banyan-tokens-'))
    const tokens = join(secrets, 'tokens.json')
    writeFileSync(tokens, JSON.stringify({ counter: 'c'.repeat(20), greeter: 'g'.repeat(20), gateway: 'e'.repeat(20) }))
    const shared = { DATABASE_URL: server.url, BANYAN_TOKENS_FILE: tokens, BANYAN_DATA_DIR: place.dataDir }
    const counterHost = startCommand(
      ['run', '--services', 'counter', '--name', 'counter-1'],
      { ...shared, BANYAN_LISTEN: `127.0.0.1:${counterPort}` },
      place.project,
    )
    const edge = startCommand(
      ['run', '--services', 'greeter', '--gateway', '--name', 'edge-1'],
      {
        ...shared,
        BANYAN_LISTEN: `127.0.0.1:${edgePort}`,
        BANYAN_GATEWAY_LISTEN: `127.0.0.1:${gatewayPort}`,
        BANYAN_PEERS: `counter=http://127.0.0.1:${counterPort}`,
      },
      place.project,
    )
    commands.push(counterHost, edge)
    const gateway = `http://127.0.0.1:${gatewayPort}`
    const greeted = await eventually(
      `the greeting; ${counterHost.output()} ${edge.output()}`,
      async () => (await fetch(`${gateway}/greet/ada`)).status,
      (status) => status === 200,
    )
    expect(greeted).toBe(200)
    for (const port of [counterPort, edgePort])
      expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200)
    const stranger = await fetch(`http://127.0.0.1:${counterPort}/counter.v1/total`, {
      method: 'POST',
      headers: { authorization: 'Bearer wrong', 'banyan-timeout-ms': '1000' },
      body: '{}',
    })
    expect(stranger.status).toBe(401)
    const slow = fetch(`${gateway}/slow/1000`)
    await eventually('the slow call to be under way', counterHost.output, (text) => text.includes('a slow call begins'))
    edge.child.kill('SIGTERM')
    expect((await slow).status).toBe(200)
    expect((await edge.ended).code).toBe(0)
    counterHost.child.kill('SIGTERM')
    expect((await counterHost.ended).code).toBe(0)
    rmSync(secrets, { recursive: true })
  })
})
