import { describe, expect, it } from 'vitest'
import { type Sending, startOrdersGateway } from './testing/orders-gateway.ts'

const good = { customerId: 'c', items: [{ sku: 's', quantity: 1 }] }
const place = async (sending: Sending, options = {}) => {
  const { send, calls } = await startOrdersGateway(undefined, options)
  return { ...(await send('POST', '/orders', sending)), calls }
}
const withType = (type: string) => ({ headers: { 'content-type': type }, body: good })

describe('content type', () => {
  it.each(['application/json', 'Application/JSON ; charset="UTF-8"', 'application/vnd.shop.order+json;version=1'])(
    'takes %s',
    async (type) => {
      expect((await place(withType(type))).status).toBe(202)
    },
  )

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'text/json',
    'application/jsonp',
    'application/+json',
    '',
    'json',
    '*/*',
  ])('answers 415 to %j', async (type) => {
    const answer = await place(withType(type))
    expect([answer.status, answer.headers['accept'], answer.calls.length]).toEqual([415, 'application/json', 0])
  })

  it('answers 415 to a body without a type and to a compressed one', async () => {
    const { send, client, environment } = await startOrdersGateway()
    const bare = await environment.run(client.send({ method: 'POST', path: '/orders', headers: {}, body: '{}' }))
    expect(bare.status).toBe(415)
    expect((await send('POST', '/orders', { headers: { 'content-encoding': 'gzip' }, body: good })).status).toBe(415)
    expect((await send('POST', '/orders', { headers: { 'content-encoding': 'identity' }, body: good })).status).toBe(
      202,
    )
  })
})

describe('accept', () => {
  it.each([
    '',
    '*/*',
    'application/json',
    'application/*;q=0.1',
    'text/html, */*;q=0.8',
    'text/html;q=0.9,application/json;q=0.1',
    'APPLICATION/JSON',
  ])('answers to %j', async (accept) => {
    const { send } = await startOrdersGateway()
    expect((await send('GET', '/orders/1', { headers: { accept } })).status).toBe(200)
  })

  it.each(['text/html', 'application/xml, text/*', 'application/json;q=0', '*/*, application/json;q=0.0', 'nonsense'])(
    'answers 406 to %j',
    async (accept) => {
      const { send, calls } = await startOrdersGateway()
      expect((await send('GET', '/orders/1', { headers: { accept } })).status).toBe(406)
      expect(calls).toEqual([])
    },
  )
})

describe('JSON', () => {
  it.each([
    ['{'],
    ['{"a":1,}'],
    ["{'a':1}"],
    ['{"customerId":"c"} x'],
    ['NaN'],
    ['\u0000'],
    [' '],
    ['{"a":"\n"}'],
    ['\ufeff\ufeff{}'],
  ])('answers 400 to %j', async (raw) => {
    expect((await place({ raw })).status).toBe(400)
  })

  it('answers 400 to bytes that are no UTF-8, and takes a replacement character that was sent as such', async () => {
    const bad = Uint8Array.of(...Buffer.from('{"customerId":"'), 0xff, ...Buffer.from('"}'))
    expect((await place({ raw: bad })).status).toBe(400)
    expect((await place({ body: { ...good, customerId: '\ufffd' } })).status).toBe(202)
  })

  it('ignores a byte order mark', async () => {
    expect((await place({ raw: `\ufeff${JSON.stringify(good)}` })).status).toBe(202)
  })

  it('bounds the depth, but not brackets inside strings', async () => {
    const nested = (depth: number) => ({
      raw: JSON.stringify(good).replace('}]}', `}],"note":${'['.repeat(depth)}${']'.repeat(depth)}}`),
    })
    expect((await place(nested(31))).status).toBe(202)
    const deep = await place(nested(32))
    expect([deep.status, deep.json.reason]).toEqual([400, 'BODY_TOO_DEEP'])
    expect((await place(nested(100_000))).status).toBe(400)
    expect((await place({ body: { ...good, note: '[{"\\'.repeat(500) } })).status).toBe(202)
  })

  it('keeps the last of two equal names', async () => {
    const { calls } = await place({ raw: JSON.stringify(good).replace('"c"', '"a","customerId":"b"') })
    expect(calls[0]?.input['customerId']).toBe('b')
  })

  it('takes __proto__ for an unknown field, on every level', async () => {
    const top = await place({ raw: JSON.stringify(good).replace('{', '{"__proto__":{"admin":true},') })
    expect([top.status, top.json.errors[0].pointer]).toEqual([422, '/__proto__'])
    expect((await place({ raw: JSON.stringify(good).replace('{"sku"', '{"__proto__":1,"sku"') })).status).toBe(422)
    expect((await place({ raw: JSON.stringify(good).replace('{', '{"constructor":1,"toString":2,') })).status).toBe(422)
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
  })

  it('answers 400 to U+0000 in any text, since databases cannot hold it', async () => {
    expect((await place({ body: { ...good, customerId: 'a\0b' } })).json.reason).toBe('NUL_IN_TEXT')
    expect((await place({ body: { ...good, note: [{ deep: ['\0'] }] } })).status).toBe(400)
    expect((await place({ body: { ...good, note: { '\0': 1 } } })).status).toBe(400)
    expect((await place({ body: { ...good, note: '\\u0000' } })).status).toBe(202)
  })

  it('answers 413 above the limit', async () => {
    const answer = await place({ body: { ...good, note: 'x'.repeat(1_000) } }, { limits: { maxBodyBytes: 1_000 } })
    expect([answer.status, answer.json.code]).toEqual([413, 'RESOURCE_EXHAUSTED'])
  })
})
