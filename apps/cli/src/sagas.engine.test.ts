// Sagas of a running system: seen and mended over the command line and over the control port, with the code as it is in the project.
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

// Every event begins a run, which stops for good past its point of no return.
const saga = `
import { BanyanError, defineSaga } from 'banyan'
import { Counter } from '../counter/contract.ts'

const counting = defineSaga('counting', {
  version: 1,
  startsOn: Counter.events.added,
  key: ({ by }) => String(by),
  async run(saga, { by }) {
    await saga.step('greet', () => ({ greeted: by }))
    await saga.pointOfNoReturn()
    const word = await saga.step('say', () => {
      throw new BanyanError('FAILED_PRECONDITION', 'it is hoarse', { reason: 'HOARSE' })
    })
    return { word }
  },
})
`

let place: Place
let system: RunningSystem | undefined
const file = (): string => join(place.project, 'greeter/service.ts')

beforeEach(() => {
  place = createPlace()
  const text = readFileSync(file(), 'utf8')
  const telling = text
    .replace(/(import \{ Greeter \}.*\n)/, `$1${saga.replace(/import \{ Counter \}.*\n/, '')}`)
    .replace('  operations: {', '  sagas: [counting],\n  operations: {')
  expect(telling.length).toBeGreaterThan(text.length + saga.length - 100)
  writeFileSync(file(), telling)
})
afterEach(async () => {
  await endSystem(system, place)
  await place.remove()
})

async function banyan(...args: string[]): Promise<{ code: number | null; output: string }> {
  const command = startCommand(['saga', ...args], { BANYAN_DATA_DIR: place.dataDir }, place.project)
  const { code } = await command.ended
  return { code, output: command.output() }
}

test('runs are listed, shown, checked, skipped, forked and moved, and who did it stands in their journals', async () => {
  system = await startSystem(place, ['--no-watch', '--no-schemas'])
  await system.ready()
  await system.post('/counter', { by: 7 })
  const { control } = system
  const token = readFileSync(join(place.dataDir, 'token'), 'utf8').trim()
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const get = async (path: string): Promise<Record<string, unknown>> =>
    (await (await fetch(`${control}/sagas/${path}`, { headers })).json()) as Record<string, unknown>
  const post = (path: string, body: object): Promise<Response> =>
    fetch(`${control}/sagas/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  const { sagas } = (await eventually(
    'a parked run',
    () => get('list?state=parked'),
    (page) => (page['sagas'] as unknown[]).length === 1,
  )) as { sagas: [{ id: string }] }
  const [{ id }] = sagas
  expect(sagas).toMatchObject([{ service: 'greeter', name: 'counting', key: '7', parked: { seq: 3 } }])

  expect((await fetch(`${control}/sagas/show?run=${id}`)).status).toBe(401)
  const onPort = await get('show?run=counting/7')
  expect(onPort).toMatchObject({ id, frontier: 'known', isPastNoReturn: true })
  expect((onPort['operations'] as { stands: string }[]).map(({ stands }) => stands)).toEqual([
    'done',
    'done',
    'unknown',
  ])
  const shown = await banyan('show', 'counting/7')
  expect(shown.output).toMatch(/counting v1 '7' of greeter: parked[\s\S]*\+ {3}1 step 'greet'[\s\S]*\? {3}3 step 'say'/)
  expect((await banyan('list', '--stuck')).output).toMatch(/greeter .*counting v1 .*parked[\s\S]*\(1 row\)/)
  expect((await banyan('check')).code).toBe(0)

  const refused = await banyan('compensate', id, '--why', 'a try', '--json')
  expect([refused.code, JSON.parse(refused.output)]).toMatchObject([1, { error: { reason: 'PAST_NO_RETURN' } }])
  expect((await post('retry', { run: id })).status).toBe(400)
  const twice = await banyan('fork', id, '--from', '3', '--key', 'again', '--why', 'to try it', '--by', 'ada', '--json')
  expect(JSON.parse(twice.output)).toMatchObject({ from: id, key: 'again', entries: 2 })
  const skipped = await post('skip', { run: id, result: 'hello', by: 'ada', why: 'said it myself' })
  expect([skipped.status, await skipped.json()]).toMatchObject([200, { id, state: 'running' }])
  const ended = await eventually(
    'the end',
    () => get(`show?run=${id}`),
    (view) => view['state'] === 'completed',
  )
  expect(ended).toMatchObject({
    outcome: { ok: { word: 'hello' } },
    byHand: [{ action: 'skip', seq: 3, by: 'ada', why: 'said it myself' }],
  })
  const out = join(place.dataDir, 'run.json.export')
  expect((await banyan('export', id, '--out', out)).code).toBe(0)
  expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ format: 'banyan.saga/1', redacted: true, saga: { id } })
  const there = await banyan('import', 'greeter', out, '--why', 'a second time', '--json')
  expect([there.code, JSON.parse(there.output)]).toMatchObject([1, { error: { code: 'ALREADY_EXISTS' } }])

  // As a deploy that changes what runs have done: those that have not ended would stop.
  writeFileSync(file(), readFileSync(file(), 'utf8').replace("saga.step('greet'", "saga.step('bow'"))
  const broken = await banyan('check')
  expect(broken.code).toBe(1)
  expect(broken.output).toMatch(/1 would stop[\s\S]*counting v1 'again'[\s\S]*1 step 'greet'[\s\S]*1 step 'bow'/)
}, 180_000)
