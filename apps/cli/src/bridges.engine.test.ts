// Bridges of a running system: seen, asked and answered over the command line and over the control port.
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

// A bridge to a clock that stands still: it fails until it is asked to skip, and parks one thing when it is opened.
const bridge = `
import { defineBridge } from 'banyan/runtime'

let healed = false
const place = { group: 'bridge:clock', source: 'clock/wall' }
const clock = defineBridge({
  name: 'clock',
  kind: 'clock',
  direction: 'in',
  settings: { url: () => process.env['CLOCK_URL'] },
  actions: ['skip', 'replay'],
  inbox: () => place,
  async open({ settings, store, environment, holder }) {
    if (!healed) throw new Error('no time at ' + settings.url)
    const { epoch } = await store.inbox.claim(place.group, place.source, holder, 60_000, 0)
    const eventId = environment.random.uuidv7()
    const mark = { ...place, epoch, eventId, offset: 1, key: 'k' }
    await store.inbox.park(mark, { type: 'tick', envelope: '{"body":"tock"}', attempts: 1, error: 'a tock is no tick' })
    return {
      ended: new Promise(() => {}),
      stop: async () => {},
      report: () => ({ state: 'working', counters: { ticks: 7 }, alarms: ['it is late'], lag: { count: 2, unit: 'events' } }),
    }
  },
  async act(_, { action, detail, by }) {
    if (action === 'replay') throw new Error('a clock does not go back')
    healed = true
    return 'goes on, said ' + by + ': ' + detail.why
  },
})
`

let place: Place
let system: RunningSystem | undefined

beforeEach(() => {
  place = createPlace()
  const file = join(place.project, 'greeter/service.ts')
  const text = readFileSync(file, 'utf8')
  const bridged = text
    .replace(/(import \{ Greeter \}.*\n)/, `$1${bridge}`)
    .replace('  operations: {', '  bridges: [clock],\n  operations: {')
  expect(bridged.length).toBeGreaterThan(text.length + bridge.length)
  writeFileSync(file, bridged)
})
afterEach(async () => {
  await endSystem(system, place)
  await place.remove()
})

async function banyan(...args: string[]): Promise<{ code: number | null; output: string }> {
  const command = startCommand(['bridges', ...args], { BANYAN_DATA_DIR: place.dataDir }, place.project)
  const { code } = await command.ended
  return { code, output: command.output() }
}

test('a bridge is listed, asked, answers, and shows what it has parked', async () => {
  system = await startSystem(place, ['--no-watch', '--no-schemas'], { CLOCK_URL: 'tick://h0ur/s3cret' })
  await system.ready()
  const { control } = system
  const token = readFileSync(join(place.dataDir, 'token'), 'utf8').trim()
  const get = (path: string, given = ''): Promise<Response> =>
    fetch(`${control}${path}`, { headers: { authorization: `Bearer ${given}` } })
  const list = async (): Promise<Record<string, unknown>[]> =>
    (await (await get('/bridges/list')).json()) as Record<string, unknown>[]
  await eventually('a failing bridge', list, (found) => found[0]?.['state'] === 'failing')
  const shown = await banyan('list')
  expect(shown.output).toMatch(/greeter .*clock .*in .*failing .*no time at \*\*\*/)
  expect(`${shown.output}${system.output()}`).not.toContain('s3cret')

  const post = (body: object, given: string): Promise<Response> =>
    fetch(`${control}/bridges/ask`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${given}` },
      body: JSON.stringify(body),
    })
  const which = { service: 'greeter', bridge: 'clock' }
  expect((await post({ ...which, action: 'skip', why: 'x' }, '')).status).toBe(401)
  expect((await post({ service: 'greeter', action: 'skip' }, token)).status).toBe(400)
  expect((await post({ ...which, bridge: 'sundial', action: 'skip' }, token)).status).toBe(404)
  const cannot = await post({ ...which, action: 'resnapshot' }, token)
  expect([cannot.status, await cannot.json()]).toMatchObject([
    422,
    { detail: "a bridge of kind 'clock' cannot 'resnapshot'" },
  ])

  const failed = await banyan('replay', 'greeter', 'clock', '--all')
  expect([failed.code, failed.output]).toEqual([1, expect.stringContaining('a clock does not go back')])
  expect((await banyan('skip', 'greeter', 'clock')).output).toContain("'--why <reason>' not specified")
  const asked = await post({ ...which, action: 'skip', why: 'it stood still', by: 'ada' }, token)
  expect(asked.status).toBe(200)
  await eventually('a working bridge', list, (found) => found[0]?.['state'] === 'working')
  expect(await (await get('/bridges/requests?service=greeter&bridge=clock', token)).json()).toMatchObject([
    { action: 'skip', by: 'ada', outcome: { ok: true, message: 'goes on, said ada: it stood still' } },
    { action: 'replay', outcome: { ok: false } },
  ])
  expect((await get('/bridges/parked?service=greeter&bridge=clock')).status).toBe(401)
  const parked = JSON.parse((await banyan('parked', 'greeter', 'clock', '--json')).output)
  expect(parked).toMatchObject([{ type: 'tick', error: 'a tock is no tick', message: { body: 'tock' } }])
  expect((await banyan('list')).output).toMatch(/working .*2 events .*ticks 7 .*it is late/)
}, 120_000)

test('a system whose bridge lacks a setting does not start, and says which', async () => {
  const dev = startCommand(
    ['dev', '--no-watch', '--no-schemas', '--gateway-port', '0', '--control-port', '0'],
    { BANYAN_DATA_DIR: place.dataDir },
    place.project,
  )
  await eventually(
    'the refusal',
    () => dev.output(),
    (text) =>
      text.includes("service 'greeter', bridge 'clock': the setting 'url' is missing (environment variable CLOCK_URL)"),
  )
  dev.child.kill('SIGTERM')
  await dev.ended
}, 60_000)
