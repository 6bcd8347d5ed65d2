// Dead letters of a running system: seen and replayed over the command line and over the control port.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  createPlace,
  endSystem,
  eventually,
  type Place,
  type RunningSystem,
  startCommand,
  startSystem,
} from './testing/running-system.ts'

let place: Place
let system: RunningSystem | undefined

beforeEach(() => {
  place = createPlace()
  const file = join(place.project, 'greeter/service.ts')
  const text = readFileSync(file, 'utf8')
  const hasty = text.replace(
    /(tx\.db\.insertInto[\s\S]*?\}\),\n)/,
    '$1      { maxAttempts: 2, terminal: ["NOT_FOUND"] },\n',
  )
  expect(hasty).not.toBe(text)
  writeFileSync(file, hasty)
})
afterEach(async () => {
  await endSystem(system, place)
  await place.remove()
})

async function banyan(...args: string[]): Promise<{ code: number | null; output: string }> {
  const command = startCommand(args, { BANYAN_DATA_DIR: place.dataDir }, place.project)
  const { code } = await command.ended
  return { code, output: command.output() }
}
const rows = async (...args: string[]): Promise<Record<string, unknown>[]> => {
  const { output } = await banyan('events', ...args, '--json')
  return JSON.parse(output) as Record<string, unknown>[]
}
const heard = async (running: RunningSystem): Promise<number> =>
  ((await running.get('/heard')).body as { sum: number }).sum

test('dead letters are listed, replayed in order by whoever holds the assignment, and what is behind them flows', async () => {
  system = await startSystem(place, ['--no-watch', '--no-schemas'])
  await system.ready()
  await banyan('db', 'sql', 'greeter', 'alter table heard add constraint small check (by < 50)', '--write')
  await system.post('/counter', { by: 99 })
  await system.post('/counter', { by: 1 })
  const { control } = system
  const onPort = async (path: string): Promise<Record<string, unknown>[]> =>
    (await (await fetch(`${control}${path}`)).json()) as Record<string, unknown>[]
  await eventually(
    'a dead letter',
    () => onPort('/events/dead'),
    (found) => found[0]?.['waiting'] === 1,
  )
  const [dead] = await rows('dead')
  expect(dead).toMatchObject({
    service: 'greeter',
    group: 'greeter',
    source: 'counter',
    events: 1,
    type: 'counter.added.v1',
  })
  expect((await rows('dead', '--list')).map((one) => one['attempts'])).toEqual([2, 0])
  const [lag] = await eventually(
    'no lag',
    () => onPort('/events/lag'),
    (found) => found[0]?.['behind'] === 0,
  )
  expect(lag).toMatchObject({ service: 'greeter', source: 'counter', parkedEvents: 2, parkedKeys: 1, end: 2 })
  expect(lag).toHaveProperty('pinned')
  expect(await rows('dead', '--discarded')).toEqual([])
  await seesMetrics(system)
  const tailed = await rows('tail', 'counter')
  expect(tailed.map((one) => [one['offset'], one['key']])).toEqual([
    [1, 'one'],
    [2, 'one'],
  ])
  expect((await banyan('events', 'tail', 'counter', '--limit', '1')).output).toMatch(
    /2 .*counter\.added\.v1 .*\(1 row\)/s,
  )
  expect(await heard(system)).toBe(0)

  await banyan('db', 'sql', 'greeter', 'alter table heard drop constraint small', '--write')
  await replayOverThePort(system.control, String(dead?.['fingerprint']))
  const running = system
  await eventually(
    'the replay',
    () => heard(running),
    (sum) => sum === 100,
  )
  expect(await rows('dead')).toEqual([])
  await system.post('/counter', { by: 5 })
  await eventually(
    'the key to flow',
    () => heard(running),
    (sum) => sum === 105,
  )
  expect((await banyan('events', 'audit')).code).toBe(0)
  const nothing = await banyan('events', 'replay', '--service', 'greeter', '--source', 'counter', '--all')
  expect(nothing.code).toBe(1)
  const nobody = await banyan('events', 'replay', '--service', 'greeter', '--source', 'counter')
  expect(nobody.output).toMatch(/one of --event, --fingerprint or --all/)
}, 240_000)

/** As Prometheus does it: hosts are found at the control port, and asked at theirs, without a token. Never at the gateway. */
async function seesMetrics({ control, gateway }: RunningSystem): Promise<void> {
  const found = (await (await fetch(`${control}/metrics/targets`)).json()) as { targets: [string] }[]
  const accept = 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5'
  const answer = await fetch(`http://${found[0]?.targets[0]}/metrics`, { headers: { accept } })
  expect(answer.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
  const text = await answer.text()
  expect(text).toContain('banyan_parked_keys{service="greeter",group="greeter",source="counter"} 1\n')
  expect(text).toContain('banyan_log_end_offset{source="counter"} 2\n')
  expect(text).toContain('banyan_relay_state{source="counter",state="leading"} 1\n')
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m)
  expect(text).not.toMatch(/banyan_metrics_answered\{.*\} 0/)
  expect(text.endsWith('# EOF\n')).toBe(true)
  expect((await fetch(`${gateway}/metrics`)).status).toBe(404)
}

async function replayOverThePort(control: string, fingerprint: string): Promise<void> {
  const ask = (path: string, body?: object, token = ''): Promise<Response> =>
    fetch(`${control}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const token = readFileSync(join(place.dataDir, 'token'), 'utf8').trim()
  const what = { service: 'greeter', source: 'counter', fingerprint }
  expect((await ask('/events/replay', what)).status).toBe(401)
  expect((await ask('/events/tail?source=counter')).status).toBe(401)
  expect((await ask('/events/replay', { service: 'greeter' }, token)).status).toBe(400)
  expect(await (await ask('/events/lag')).json()).toMatchObject([{ group: 'greeter', parkedEvents: 2 }])
  expect(await (await ask('/events/dead')).json()).toMatchObject([{ fingerprint }])
  expect(await (await ask('/events/tail?source=counter&limit=1', undefined, token)).json()).toMatchObject([
    { offset: 2 },
  ])
  const done = await ask('/events/replay', what, token)
  expect([done.status, await done.json()]).toEqual([200, { keys: 1 }])
}
