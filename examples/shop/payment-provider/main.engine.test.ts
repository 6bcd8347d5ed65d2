// The provider as a real process: over HTTP, killed and started again.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

interface Running {
  url: string
  child: ChildProcess
  exited: Promise<unknown>
  errors: () => string
}

const program = fileURLToPath(new URL('./main.ts', import.meta.url))
const children: ChildProcess[] = []
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'provider-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(directory, { recursive: true, force: true })
})

async function start(env: Record<string, string> = {}): Promise<Running> {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, SHOP_PROVIDER_PORT: '0', SHOP_PROVIDER_DATA: directory, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const exited = once(child, 'exit')
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const url = await new Promise<string>((resolve) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const found = /listening on (\S+),/.exec(output)?.[1]
      if (found) resolve(found)
    })
    void exited.then(() => resolve(''))
  })
  return { url, child, exited, errors: () => errors }
}

const bodyOf = (orderId: string, token = 'tok_ok'): string =>
  JSON.stringify({ orderId, amount: 700, currency: 'EUR', token, capture: false })

function charge(url: string, key: string | undefined, body: string, type = 'application/json'): Promise<Response> {
  const headers = { 'content-type': type, ...(key === undefined ? {} : { 'idempotency-key': key }) }
  return fetch(`${url}/charges`, { method: 'POST', headers, body })
}

describe('the payment provider', () => {
  it('has every charge it acknowledged after a kill -9 in the middle of a burst, and none twice', async () => {
    const first = await start()
    const acknowledged = new Map<string, string>()
    let next = 0
    const client = async (): Promise<void> => {
      for (;;) {
        const key = `key-${next++}`
        const response = await charge(first.url, key, bodyOf(key)).catch(() => undefined)
        const answer = await response?.json().catch(() => undefined)
        if (answer === undefined) return
        acknowledged.set(key, (answer as { chargeId: string }).chargeId)
        if (acknowledged.size === 300) first.child.kill('SIGKILL')
      }
    }
    await Promise.all(Array.from({ length: 32 }, client))
    await first.exited
    expect(acknowledged.size).toBeGreaterThanOrEqual(300)

    const second = await start()
    const listed = (await (await fetch(`${second.url}/charges?limit=1000`)).json()) as Record<string, string>[]
    const found = new Map(listed.map((item) => [item['orderId'], item['chargeId']]))
    expect(found.size).toBe(listed.length)
    for (const [key, chargeId] of acknowledged) expect(found.get(key)).toBe(chargeId)
    // Repeats get the same charge; attempts that nobody heard an answer of become one charge each.
    for (let i = 0; i < next; i++) await charge(second.url, `key-${i}`, bodyOf(`key-${i}`))
    const after = (await (await fetch(`${second.url}/charges?limit=1000`)).json()) as unknown[]
    expect(after).toHaveLength(next)
  })

  it('goes on with a slow charge when the client has gone away', async () => {
    const { url } = await start({ SHOP_PROVIDER_SLOW_MS: '300' })
    const gone = fetch(`${url}/charges`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
      body: bodyOf('o1', 'tok_slow'),
      signal: AbortSignal.timeout(100),
    })
    await expect(gone).rejects.toThrow()
    const read = async (): Promise<unknown[]> => (await (await fetch(`${url}/charges?orderId=o1`)).json()) as unknown[]
    await expect.poll(read, { timeout: 5_000, interval: 20 }).toHaveLength(1)
  })

  it('authorizes tok_unknown and drops the connection, at a repeat too', async () => {
    const { url } = await start()
    await expect(charge(url, 'k', bodyOf('o1', 'tok_unknown'))).rejects.toThrow()
    await expect(charge(url, 'k', bodyOf('o1', 'tok_unknown'))).rejects.toThrow()
    const charges = (await (await fetch(`${url}/charges?orderId=o1`)).json()) as object[]
    expect(charges).toHaveLength(1)
    expect(Object.keys(charges[0] ?? {}).sort()).toEqual([
      'authorized',
      'captured',
      'chargeId',
      'orderId',
      'refunded',
      'voided',
    ])
  })

  it('refuses bad requests with a status and a code, and writes nothing', async () => {
    const { url } = await start()
    const post = (path: string, body: string): Promise<Response> =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
        body,
      })
    const cases: [Promise<Response>, number, string][] = [
      [charge(url, undefined, bodyOf('o1')), 400, 'idempotency_key_missing'],
      [charge(url, 'k'.repeat(256), bodyOf('o1')), 400, 'idempotency_key_too_long'],
      [charge(url, 'k', '{'), 400, 'invalid_json'],
      [charge(url, 'k', '[]'), 400, 'invalid_request'],
      [charge(url, 'k', bodyOf('o1'), 'text/plain'), 415, 'unsupported_media_type'],
      [charge(url, 'k', bodyOf('o'.repeat(20_000))), 413, 'body_too_large'],
      [charge(url, 'k', bodyOf('')), 400, 'invalid_request'],
      [charge(url, 'k', bodyOf('o1').replace('700', '7.5')), 400, 'invalid_request'],
      [charge(url, 'k', bodyOf('o1').replace('700', '0')), 400, 'invalid_request'],
      [charge(url, 'k', bodyOf('o1').replace('EUR', 'euro')), 400, 'invalid_request'],
      [charge(url, 'k', bodyOf('o1').replace('false', 'true')), 400, 'invalid_request'],
      [charge(url, 'k', bodyOf('o1').replace('{', '{"extra":1,')), 400, 'invalid_request'],
      [post('/charges/nobody/capture', ''), 404, 'charge_not_found'],
      [post('/charges/nobody/void', '{"a":1}'), 400, 'invalid_request'],
      [post('/refunds', '{"chargeId":"nobody","amount":1}'), 404, 'charge_not_found'],
      [post('/charges/%zz/void', ''), 400, 'invalid_path'],
      [post('/nothing', ''), 404, 'not_found'],
      [fetch(`${url}/charges`, { method: 'DELETE' }), 405, 'method_not_allowed'],
      [fetch(`${url}/charges?limit=0`), 400, 'invalid_request'],
      [fetch(`${url}/charges?orderId=`), 400, 'invalid_request'],
      [fetch(`${url}/charges?after=nobody`), 400, 'invalid_request'],
    ]
    for (const [request, status, code] of cases) {
      const response = await request
      expect({ status: response.status, ...((await response.json()) as object) }).toMatchObject({ status, code })
    }
    expect(await (await fetch(`${url}/charges`)).json()).toEqual([])
    expect((await fetch(`${url}/charges`, { method: 'PUT' })).headers.get('allow')).toBe('GET, POST')
  })

  it('says in one line that its port is in use, and exits 1 without touching the ledger', async () => {
    const first = await start()
    const port = new URL(first.url).port
    const second = await start({ SHOP_PROVIDER_PORT: port })
    expect(await second.exited).toEqual([1, null])
    expect(second.errors()).toBe(
      `payment-provider: port ${port} of 127.0.0.1 is in use: set SHOP_PROVIDER_PORT to a free one\n`,
    )
    expect((await fetch(`${first.url}/healthz`)).status).toBe(200)
  })

  it('refuses settings it cannot read', async () => {
    const { exited, errors } = await start({ SHOP_PROVIDER_PORT: 'eighty' })
    expect(await exited).toEqual([1, null])
    expect(errors()).toBe('payment-provider: SHOP_PROVIDER_PORT must be an integer from 0 to 65535, is "eighty"\n')
  })

  it('answers what is under way when told to stop, and exits 0', async () => {
    const { url, child, exited } = await start({ SHOP_PROVIDER_SLOW_MS: '400' })
    // The slow charge takes the open connection and is there before what comes on a new one.
    await fetch(`${url}/healthz`)
    const slow = charge(url, 'k', bodyOf('o1', 'tok_slow'))
    // Only when the provider works on it, a repeat with another body is refused: then it is time to stop.
    const other = async (): Promise<number> => (await charge(url, 'k', bodyOf('o2', 'tok_slow'))).status
    await expect.poll(other, { timeout: 5_000, interval: 10 }).toBe(422)
    child.kill('SIGTERM')
    expect((await slow).status).toBe(201)
    expect(await exited).toEqual([0, null])
  })
})
