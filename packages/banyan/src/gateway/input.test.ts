import { describe, expect, it } from 'vitest'
import { isDecimal } from './coercion.ts'
import { startOrdersGateway } from './testing/orders-gateway.ts'

describe('parameters', () => {
  it('reads each as the type its schema asks for', async () => {
    const { send, calls } = await startOrdersGateway()
    const query = 'limit=10&ratio=-0.5&full=false&ids=1&ids=-2&view=long&page=last&text=4%202+x'
    expect((await send('GET', `/orders/7?${query}`, { headers: { 'accept-language': 'de' } })).status).toBe(200)
    expect(calls[0]?.input).toEqual({
      orderId: '7',
      limit: 10,
      ratio: -0.5,
      full: false,
      ids: [1, -2],
      view: 'long',
      page: 'last',
      text: '4 2 x',
      language: 'de',
    })
  })

  it.each(
    [
      ['limit=1e1'],
      ['limit=+1'],
      ['limit=%201'],
      ['limit=1%20'],
      ['limit=0x10'],
      ['limit=010'],
      ['limit='],
      ['limit'],
      ['limit=1.0'],
      ['limit=٣'],
      ['limit=Infinity'],
      ['limit=99999999999999999999'],
      ['ratio=1e3'],
      ['ratio=.5'],
      ['ratio=5.'],
      ['ratio=NaN'],
      ['full=1'],
      ['full=TRUE'],
      ['ids=1,2'],
      ['page=first'],
      ['view=Long'],
    ].map(([query = '']) => [encodeURI(query).replaceAll('%25', '%')]),
  )('refuses %s, naming the parameter', async (query) => {
    const { send, calls } = await startOrdersGateway()
    const answer = await send('GET', `/orders/7?${query}`)
    expect(answer.status).toBe(422)
    expect(answer.json.errors).toMatchObject([{ parameter: query.split('=')[0], in: 'query' }])
    expect(calls).toEqual([])
  })

  it('takes one value as a list of one, and a string that looks like a number as a string', async () => {
    const { send, calls } = await startOrdersGateway()
    await send('GET', '/orders/42?ids=5&text=42')
    expect(calls[0]?.input).toEqual({ orderId: '42', ids: [5], text: '42' })
  })

  it('lists everything that is wrong', async () => {
    const { send } = await startOrdersGateway()
    const answer = await send('GET', '/orders/7?limit=0&limit=2&nothing=1&orderId=8&full=x&text=%00&__proto__=1')
    expect(answer.status).toBe(422)
    const wrong = answer.json.errors.map((e: { parameter: string; rule: string }) => `${e.parameter} ${e.rule}`).sort()
    expect(wrong).toEqual([
      '__proto__ additionalProperties',
      'full type',
      'limit minimum',
      'limit repeated',
      'nothing additionalProperties',
      'orderId unknown',
      'text text',
    ])
  })

  it('names path and header parameters as such', async () => {
    const { send } = await startOrdersGateway()
    expect((await send('GET', '/orders/7/lines/x')).json.errors).toMatchObject([{ parameter: 'line', in: 'path' }])
    const answer = await send('PUT', '/orders/7', { headers: { 'x-version': 'one' }, body: { note: 'n' } })
    expect(answer.json.errors).toMatchObject([{ parameter: 'X-Version', in: 'header', rule: 'type' }])
    const missing = await send('PUT', '/orders/7', { body: { note: 'n' } })
    expect(missing.json.errors).toMatchObject([{ parameter: 'X-Version', in: 'header', rule: 'required' }])
  })

  it('skips empty pairs, and answers 400 to bad encodings and to too many', async () => {
    const { send } = await startOrdersGateway()
    expect((await send('GET', '/orders/7?&&limit=2&')).status).toBe(200)
    expect((await send('GET', '/orders/7?limit=%f')).status).toBe(400)
    expect((await send('GET', '/orders/7?text=%ff')).status).toBe(400)
    expect((await send('GET', `/orders/7?${'ids=1&'.repeat(101)}`)).status).toBe(400)
  })
})

describe('bodies', () => {
  it('joins body, path and header fields', async () => {
    const { send, calls } = await startOrdersGateway()
    await send('PUT', '/orders/7', { headers: { 'x-version': '3' }, body: { note: 'n' } })
    expect(calls[0]?.input).toEqual({ orderId: '7', version: 3, note: 'n' })
  })

  it('refuses fields that belong elsewhere, and query parameters', async () => {
    const { send, calls } = await startOrdersGateway()
    const headers = { 'x-version': '3' }
    const body = { note: 'n', orderId: '7', version: 3 }
    const answer = await send('PUT', '/orders/7?note=x', { headers, body })
    expect(answer.status).toBe(422)
    expect(answer.json.errors).toMatchObject([
      { parameter: 'note', in: 'query', rule: 'unknown' },
      { pointer: '/orderId', rule: 'misplaced' },
      { pointer: '/version', rule: 'misplaced' },
    ])
    expect(calls).toEqual([])
  })

  it('points at every bad field', async () => {
    const { send } = await startOrdersGateway()
    const body = {
      customerId: 7,
      items: [
        { sku: 's', quantity: 1 },
        { sku: 's', quantity: 0, colour: 'red' },
      ],
      more: 1,
    }
    const answer = await send('POST', '/orders', { body })
    expect(answer.status).toBe(422)
    const wrong = answer.json.errors.map((e: { pointer: string; rule: string }) => `${e.pointer} ${e.rule}`).sort()
    expect(wrong).toEqual([
      '/customerId type',
      '/items/1/colour additionalProperties',
      '/items/1/quantity minimum',
      '/more additionalProperties',
    ])
  })

  it.each([[null], [1], ['text'], [[]], [[{}]], [true]])('refuses %j where an object belongs', async (body) => {
    const { send } = await startOrdersGateway()
    expect((await send('PUT', '/orders/7', { headers: { 'x-version': '3' }, body })).status).toBe(422)
  })

  it('needs a body only where a field of it is required', async () => {
    const { send } = await startOrdersGateway()
    expect((await send('POST', '/orders/7/cancel')).status).toBe(200)
    expect((await send('POST', '/orders/7/cancel', { body: {} })).status).toBe(200)
    expect((await send('POST', '/orders/7/cancel', { body: { orderId: '7' } })).status).toBe(422)
    const answer = await send('POST', '/orders')
    expect([answer.status, answer.json.reason]).toEqual([400, 'BODY_REQUIRED'])
    expect((await send('POST', '/orders', { raw: '' })).status).toBe(400)
  })

  it('takes no body where it has no meaning', async () => {
    const { send } = await startOrdersGateway()
    for (const method of ['GET', 'HEAD', 'DELETE'])
      expect((await send(method, '/orders/7', { body: {} })).status).toBe(400)
    expect((await send('GET', '/orders/7', { raw: '' })).status).toBe(200)
  })

  it('says which inputs the runtime still has to validate, and fills defaults of the others', async () => {
    const { send, calls } = await startOrdersGateway()
    await send('POST', '/counted', { body: {} })
    await send('POST', '/orders/7/cancel')
    expect(calls.map(({ options }) => options.validated)).toEqual([false, true])
  })
})

describe('isDecimal', () => {
  it.each(['0', '-0', '7', '-12', '10'])('takes %s', (text) => expect(isDecimal(text, false)).toBe(true))
  it.each(['', '-', '--1', '01', '-01', '1.5', '1 ', '1_0', '٣'])('refuses %j', (text) =>
    expect(isDecimal(text, false)).toBe(false),
  )
  it.each(['0.5', '-1.25', '3'])('takes %s with a fraction', (text) => expect(isDecimal(text, true)).toBe(true))
  it.each(['.5', '5.', '1.2.3', '1.-2', '00.5', '1e3'])('refuses %j with a fraction', (text) =>
    expect(isDecimal(text, true)).toBe(false),
  )
})
