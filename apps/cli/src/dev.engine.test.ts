// `banyan dev` as a person meets it: one process, many processes, what is refused and how that reads.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
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
let systems: RunningSystem[]

beforeEach(() => {
  place = createPlace()
  systems = []
})
afterEach(async () => {
  for (const system of systems) await endSystem(system, place)
  await place.remove()
})

async function start(...given: Parameters<typeof startSystem> extends [Place, ...infer Rest] ? Rest : never) {
  const system = await startSystem(place, ...given)
  systems.push(system)
  return system
}

const heard = (system: RunningSystem, sum: number) =>
  eventually(
    'the event to arrive',
    async () => (await system.get('/heard')).body as { sum: number },
    (body) => body.sum === sum,
  )

test('one process: calls, events, status; stops with 0 and keeps its data', async () => {
  const system = await start(['--no-watch'])
  await system.ready()
  expect(await system.post('/counter', { by: 5 })).toEqual({ status: 200, body: { total: 5 } })
  const { body } = await system.get('/greet/ada')
  const { pid, counterPid } = body as { pid: number; counterPid: number }
  expect(body).toMatchObject({ text: 'hello ada 5' })
  expect(pid).toBe(counterPid)
  expect(pid).not.toBe(system.pid)
  await heard(system, 5)

  const status = await system.status()
  expect(status).toMatchObject({ system: 'pair', state: 'running', parent: { pid: system.pid } })
  expect(status.processes.map(({ name, kind, state }) => [name, kind, state])).toEqual([
    ['parent', 'parent', 'ready'],
    ['postgres', 'postgres', 'ready'],
    ['main', 'host', 'ready'],
    ['neighbour', 'process', 'ready'],
  ])
  expect(status.services.map(({ name, host }) => [name, host])).toEqual([
    ['counter', 'main'],
    ['greeter', 'main'],
  ])
  expect(status.services[0]?.operations['add']).toMatchObject({ succeeded: 1, failed: 0 })
  await eventually('the lag to be nothing', system.status, ({ consumers }) => consumers[0]?.lag === 0)
  expect((await system.status()).consumers[0]).toMatchObject({ source: 'counter', state: 'assigned', applied: 1 })
  expect(system.output()).toContain(`gateway    ${system.gateway}`)
  expect(system.output()).toContain(system.control)
  expect(system.output()).toMatch(/neighbour +neighbour is here/)

  system.child.kill('SIGTERM')
  expect(await system.ended).toEqual({ code: 0, signal: null })
  expect(readRunRecord(place.dataDir)).toBeUndefined()
  const again = await start(['--no-watch'])
  await again.ready()
  expect((await again.get('/counter')).body).toMatchObject({ total: 5 })
})

test('split: each service in its own process, the gateway in another; the same answers', async () => {
  const system = await start(['--no-watch', '--split', 'all'])
  await system.ready()
  expect(await system.post('/counter', { by: 7 })).toEqual({ status: 200, body: { total: 7 } })
  const { body } = await system.get('/greet/ada')
  const { pid, counterPid } = body as { pid: number; counterPid: number }
  expect(body).toMatchObject({ text: 'hello ada 7' })
  expect(new Set([system.pid, pid, counterPid]).size).toBe(3)
  await heard(system, 7)
  const hosts = (await system.status()).processes.filter(({ kind }) => kind === 'host')
  expect(hosts.map(({ name, services }) => [name, services])).toEqual([
    ['gateway', ['gateway']],
    ['counter', ['counter']],
    ['greeter', ['greeter']],
  ])
})

test('the split may be in the file and in the environment, and the flag wins', async () => {
  const system = await start(['--no-watch', '--split', 'greeter'], { BANYAN_SPLIT: 'all' })
  await system.ready()
  const hosts = (await system.status()).processes.filter(({ kind }) => kind === 'host')
  expect(hosts.map(({ name }) => name)).toEqual(['gateway', 'main', 'greeter'])
})

test('no secret is in arguments or environments, and files that hold some are for one user', async () => {
  if (process.platform !== 'linux') return
  const system = await start(['--no-watch', '--split', 'all'], {
    DATABASE_URL_NOBODY: 'postgresql://x:hunter2@nowhere/x',
  })
  await system.ready()
  const passwords = readdirSync(join(place.dataDir, 'passwords')).map((name) =>
    readFileSync(join(place.dataDir, 'passwords', name), 'utf8').trim(),
  )
  // Two services, the log, the schema registry.
  expect(passwords.length).toBe(4)
  const { processes } = await system.status()
  const children = processes.filter(({ kind, pid }) => pid !== null && (kind === 'host' || kind === 'process'))
  expect(children).toHaveLength(4)
  for (const { pid } of children) {
    const seen = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8')
    for (const secret of [...passwords, 'hunter2', 'postgresql://']) expect(seen).not.toContain(secret)
  }
  const arguments_ = readFileSync(`/proc/${children.find(({ name }) => name === 'counter')?.pid}/cmdline`, 'utf8')
  expect(arguments_.split('\0').join(' ')).toContain('--services counter')
  for (const name of ['run.json', 'token', 'instance', 'passwords/pair__counter'])
    expect(statSync(join(place.dataDir, name)).mode & 0o077).toBe(0)
  expect(statSync(place.dataDir).mode & 0o077).toBe(0)
})

test('a second one on the same data directory ends with 1 and names pid and URLs of the first', async () => {
  const system = await start(['--no-watch'])
  await system.ready()
  const second = await start(['--no-watch'])
  expect(await second.ended).toEqual({ code: 1, signal: null })
  expect(second.output()).toContain(`pid ${system.pid}`)
  expect(second.output()).toContain(system.gateway)
  expect(second.output()).toContain(system.control)
  expect((await system.get('/counter')).status).toBe(200)
})

test.each([
  ['gateway', '--gateway-port'],
  ['status page', '--control-port'],
])(
  'the port of the %s is in use: one line that names it and the way out, and nothing is left running',
  async (_, flag) => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = other.address() as { port: number }
      const system = await start(['--no-watch', flag, String(port)])
      expect(await system.ended).toEqual({ code: 1, signal: null })
      expect(system.output()).toContain(`port ${port} for the`)
      expect(system.output()).toContain(flag)
      expect(system.output().trim().split('\n')).toHaveLength(2)
    } finally {
      other.close()
    }
  },
)

test('logs as JSON lines for a program', async () => {
  const system = await start(['--no-watch', '--json'])
  await system.ready()
  system.child.kill('SIGTERM')
  await system.ended
  const lines = system.output().trim().split('\n')
  const documents = lines.map((line) => JSON.parse(line) as { msg: string; host: string; level: number })
  expect(documents).toContainEqual(expect.objectContaining({ host: 'neighbour', msg: 'neighbour is here', level: 30 }))
  expect(documents.at(-1)).toMatchObject({ host: 'banyan', msg: 'stopped' })
})

test('--fresh begins with empty databases', async () => {
  const system = await start(['--no-watch'])
  await system.ready()
  await system.post('/counter', { by: 3 })
  system.child.kill('SIGTERM')
  await system.ended
  const again = await start(['--no-watch', '--fresh'])
  await again.ready()
  expect((await again.get('/counter')).body).toMatchObject({ total: 0 })
})

test('the system changed since it last ran: what was remembered of it is not believed', async () => {
  const system = await start(['--no-watch'])
  await system.ready()
  system.child.kill('SIGTERM')
  await system.ended
  const file = join(place.project, 'system.ts')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/ +service\(Greeter.*\n/, ''))
  const again = await start(['--no-watch'])
  await again.ready()
  expect((await again.status()).services.map(({ name }) => name)).toEqual(['counter'])
  expect((await again.get('/counter')).status).toBe(200)
  expect((await again.get('/greet/ada')).status).toBe(404)
})

test('a system that does not load: one line, exit code 1, the first time and when it was known before', async () => {
  const file = join(place.project, 'system.ts')
  const good = readFileSync(file, 'utf8')
  writeFileSync(file, good.replace("name: 'pair'", "name: 'pair"))
  const never = await start(['--no-watch'])
  expect((await never.ended).code).toBe(1)
  expect(never.output()).toMatch(/^banyan: .*system\.ts/m)
  writeFileSync(file, good)
  const system = await start(['--no-watch'])
  await system.ready()
  system.child.kill('SIGTERM')
  await system.ended
  writeFileSync(file, good.replace("name: 'pair'", "name: 'pair"))
  const again = await start(['--no-watch'])
  expect((await again.ended).code).toBe(1)
  expect(again.output()).toMatch(/^banyan: .*system\.ts/m)
})
