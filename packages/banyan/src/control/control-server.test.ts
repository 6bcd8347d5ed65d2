import { expect, test } from 'vitest'
import { createVirtualEnvironment } from '../core/environment/virtual/index.ts'
import { openControlServer } from './control-server.ts'
import type { EventsApi } from './events-api.ts'
import type { StatusDocument } from './status.ts'
import { statusPage } from './status-page.ts'

const host = { name: 'main', kind: 'host', pid: 4, state: 'ready', reasons: [], restarts: 0 } as const
const document: StatusDocument = {
  system: 'shop',
  state: 'running',
  time: '2026-01-01T00:00:00.000Z',
  parent: { pid: 1 },
  gateway: { url: 'http://127.0.0.1:8080' },
  database: null,
  processes: [host],
  services: [],
  relays: [],
  consumers: [],
  parked: [],
}

async function setUp(status: () => Promise<StatusDocument> = async () => document) {
  const environment = createVirtualEnvironment()
  const restarted: string[] = []
  const done: object[] = []
  const events: EventsApi = {
    lag: async () => [{ group: 'billing', behind: 7 }],
    dead: async (options) => [options],
    tail: async (request) => [request],
    audit: async () => [],
    replay: async (...given) => {
      done.push(given)
      return { keys: 2 }
    },
    discard: async (...given) => {
      done.push(given)
      return { events: 1 }
    },
  }
  const server = await environment.run(
    openControlServer(
      {
        environment,
        status,
        token: 'the-token',
        events,
        projections: {
          list: async () => [{ projection: 'sales' }],
          rebuild: async (which) => ({ rebuild: done.push(which) }),
          drop: async (which) => ({ drop: done.push(which) }),
        },
        restart: async (name) => name === 'main' && restarted.push(name) > 0,
      },
      { host: '127.0.0.1', port: 8090 },
    ),
  )
  const client = environment.network.connect(`http://127.0.0.1:${server.port}`)
  const ask = async (method: string, path: string, headers: Record<string, string> = {}, body?: string) => {
    const given = { host: '127.0.0.1:8090', ...headers }
    const answer = await environment.run(client.send({ method, path, headers: given, ...(body && { body }) }))
    return { status: answer.status, headers: answer.headers, text: answer.text() }
  }
  return { ask, restarted, done }
}

const json = { 'content-type': 'application/json', authorization: 'Bearer the-token' }

test('the page runs nothing but its own script: no inline handlers, hashes in its policy', async () => {
  const { ask } = await setUp()
  const { status, headers, text } = await ask('GET', '/')
  expect(status).toBe(200)
  expect(headers['content-security-policy']).toMatch(
    /default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-/,
  )
  expect(headers['content-security-policy']).not.toContain('unsafe')
  expect(headers['x-content-type-options']).toBe('nosniff')
  expect(text).toBe(statusPage.html)
  expect(text).not.toMatch(/\son[a-z]+=|innerHTML|https?:\/\//)
})

test('the document is JSON and is not kept by anybody', async () => {
  const { ask } = await setUp()
  const { headers, text } = await ask('GET', '/status.json')
  expect(JSON.parse(text)).toEqual(document)
  expect(headers['cache-control']).toBe('no-store')
})

test.each(['127.0.0.1:8090', 'localhost:8090', '[::1]:8090', 'LOCALHOST:8090'])('answers to %s', async (name) => {
  const { ask } = await setUp()
  expect((await ask('GET', '/livez', { host: name })).status).toBe(200)
})

test.each(['evil.example:8090', 'localhost.evil.example', '127.0.0.1:9999', ''])(
  'a name of another machine in Host (DNS rebinding) is refused: %j',
  async (name) => {
    const { ask } = await setUp()
    expect((await ask('GET', '/status.json', { host: name })).status).toBe(421)
  },
)

test.each(['https://evil.example', 'http://127.0.0.1:9999', 'null'])('another site (%s) is refused', async (origin) => {
  const { ask, restarted } = await setUp()
  expect((await ask('GET', '/status.json', { origin })).status).toBe(403)
  expect((await ask('POST', '/restart', { ...json, origin }, '{"host":"main"}')).status).toBe(403)
  expect(restarted).toEqual([])
})

test('a restart needs JSON, the token and a host that there is', async () => {
  const { ask, restarted } = await setUp()
  const body = '{"host":"main"}'
  expect((await ask('POST', '/restart', { 'content-type': 'text/plain' }, body)).status).toBe(415)
  expect((await ask('POST', '/restart', { 'content-type': 'application/json' }, body)).status).toBe(401)
  expect((await ask('POST', '/restart', { ...json, authorization: 'Bearer wrong' }, body)).status).toBe(401)
  expect((await ask('POST', '/restart', json, 'no json')).status).toBe(400)
  expect((await ask('POST', '/restart', json, '{"host":7}')).status).toBe(400)
  expect((await ask('POST', '/restart', json, '{"host":"nobody"}')).status).toBe(404)
  expect((await ask('POST', '/restart', json, `{"host":"${'x'.repeat(5_000)}"}`)).status).toBe(413)
  expect(restarted).toEqual([])
  expect((await ask('POST', '/restart', json, body)).status).toBe(200)
  expect(restarted).toEqual(['main'])
})

test('other methods and paths are told what there is', async () => {
  const { ask } = await setUp()
  expect((await ask('GET', '/restart')).headers['allow']).toBe('POST')
  expect((await ask('DELETE', '/status.json')).status).toBe(405)
  expect((await ask('GET', '/../etc/passwd')).status).toBe(404)
})

test('hosts are found by Prometheus: where each listens, as its HTTP service discovery reads it', async () => {
  const address = 'http://127.0.0.1:7070'
  const other = { ...host, name: 'postgres', kind: 'postgres' } as const
  const { ask } = await setUp(async () => ({
    ...document,
    processes: [{ ...host, address }, { ...host, name: 'down' }, other],
  }))
  const { status, headers, text } = await ask('GET', '/metrics/targets')
  expect([status, headers['content-type']]).toEqual([200, 'application/json'])
  expect(JSON.parse(text)).toEqual([{ targets: ['127.0.0.1:7070'], labels: { system: document.system, host: 'main' } }])
  // Numbers are a host's own: the parent has none, and gathers none.
  expect((await ask('GET', '/metrics')).status).toBe(404)
})

test('ready only when every process is; started for good once it was', async () => {
  let state = 'starting'
  const { ask } = await setUp(async () => ({ ...document, processes: [{ ...host, state, reasons: ['no database'] }] }))
  const unready = await ask('GET', '/readyz')
  expect(unready.status).toBe(503)
  expect(unready.text).toContain('main is starting: no database')
  expect((await ask('GET', '/startupz')).status).toBe(503)
  state = 'ready'
  expect((await ask('GET', '/readyz')).status).toBe(200)
  state = 'waiting'
  expect((await ask('GET', '/readyz')).status).toBe(503)
  expect((await ask('GET', '/startupz')).status).toBe(200)
})

test('what goes wrong inside stays inside', async () => {
  const { ask } = await setUp(async () => {
    throw new Error('password=hunter2')
  })
  const { status, text } = await ask('GET', '/status.json')
  expect(status).toBe(500)
  expect(text).not.toContain('hunter2')
})

test('events: counts are free, contents and changes need the token', async () => {
  const { ask, done } = await setUp()
  expect(JSON.parse((await ask('GET', '/events/lag')).text)).toEqual([{ group: 'billing', behind: 7 }])
  const dead = await ask('GET', '/events/dead?service=billing&list=true&limit=5')
  expect(JSON.parse(dead.text)).toEqual([{ service: 'billing', list: true, discarded: false, limit: 5 }])
  const given = await ask('GET', '/events/dead?discarded=true')
  expect(JSON.parse(given.text)).toEqual([{ list: false, discarded: true }])
  expect((await ask('GET', '/events/tail?source=orders')).status).toBe(401)
  const tail = await ask('GET', '/events/tail?source=orders&after=7&key=o-1', json)
  expect(JSON.parse(tail.text)).toEqual([{ source: 'orders', after: 7, key: 'o-1' }])
  expect((await ask('GET', '/events/tail?source=orders&limit=many', json)).status).toBe(400)
  expect((await ask('GET', '/events/nothing')).status).toBe(404)
  const what = { service: 'billing', source: 'orders', fingerprint: 'abc' }
  expect(
    (await ask('POST', '/events/replay', { 'content-type': 'application/json' }, JSON.stringify(what))).status,
  ).toBe(401)
  expect((await ask('POST', '/events/replay', { ...json, 'content-type': 'text/plain' }, '{}')).status).toBe(415)
  expect(done).toEqual([])
  expect((await ask('POST', '/events/replay', json, JSON.stringify({ ...what, perSecond: 5 }))).text).toBe('{"keys":2}')
  expect(
    (await ask('POST', '/events/discard', json, JSON.stringify({ ...what, by: 'ada', why: 'a test' }))).status,
  ).toBe(200)
  expect(done).toEqual([
    [what, { by: 'control port', perSecond: 5 }],
    [what, { by: 'ada', why: 'a test' }],
  ])
})

test.each([
  ['replay', 'no json', 'send a JSON object'],
  ['replay', '{"source":"orders","all":true}', 'service is missing'],
  ['replay', '{"service":"billing","source":"orders"}', 'say which'],
  ['replay', '{"service":"billing","source":"orders","all":true,"eventId":"x"}', 'say which'],
  ['replay', '{"service":"billing","source":"orders","all":true,"perSecond":"5"}', 'perSecond must be a number'],
  ['replay', '{"service":7,"source":"orders","all":true}', 'service must be a text'],
  ['discard', '{"service":"billing","source":"orders","all":true}', 'why is missing'],
])('events: %s refuses %s', async (path, body, message) => {
  const { ask, done } = await setUp()
  const { status, text } = await ask('POST', `/events/${path}`, json, body)
  expect([status, text.includes(message)]).toEqual([400, true])
  expect(done).toEqual([])
})

test('projections: looking is free, changes need the token and JSON', async () => {
  const { ask, done } = await setUp()
  const which = { service: 'orders', projection: 'sales' }
  expect(JSON.parse((await ask('GET', '/projections/list')).text)).toEqual([{ projection: 'sales' }])
  const plain = { 'content-type': 'application/json' }
  expect((await ask('POST', '/projections/rebuild', plain, JSON.stringify(which))).status).toBe(401)
  expect((await ask('POST', '/projections/drop', plain, JSON.stringify({ ...which, version: 1 }))).status).toBe(401)
  expect((await ask('POST', '/projections/rebuild', { ...json, 'content-type': 'text/plain' }, '{}')).status).toBe(415)
  expect((await ask('POST', '/projections/rebuild', json, 'not json')).status).toBe(400)
  expect((await ask('POST', '/projections/drop', json, JSON.stringify(which))).status).toBe(400)
  expect((await ask('GET', '/projections/other')).status).toBe(404)
  expect(done).toEqual([])
  expect((await ask('POST', '/projections/rebuild', json, JSON.stringify(which))).status).toBe(200)
  expect((await ask('POST', '/projections/drop', json, JSON.stringify({ ...which, version: 1 }))).status).toBe(200)
  expect(done).toEqual([which, { ...which, version: 1 }])
})
