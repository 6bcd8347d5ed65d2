// Paths, queries, methods and headers that are wrong, on every route of the shop.

import type { SeededRandom } from '../seeded-random.ts'
import { json, type MalformedRequest, type Target, toBytes } from './request.ts'

/** Routes with one parameter in the path. All of them answer 404 or less than 404 to what does not exist… */
const lookups = ['/products/*', '/orders/*', '/inventory/*', '/payments/*', '/shipments/*']
/** …but for this one: a customer that nobody knows has no orders, which is an answer. */
const customerOrders = '/customers/*/orders'

/** As they stand in the path. */
const badSegments: Record<string, string> = {
  'percent without digits': '%zz',
  'percent at the end': 'abc%',
  'half a UTF-8 sequence': '%E0%A4',
  'overlong UTF-8': '%C0%AF',
  'an encoded NUL': 'a%00b',
  'an encoded surrogate': '%ED%A0%80',
  'a path upwards': '..%2f..%2fetc%2fpasswd',
  'a very long name': 'x'.repeat(4_000),
  SQL: "'%20OR%20'1'%3D'1",
  'a bidi override': '%E2%80%AE%F0%9F%92%A5',
  'a template': '%7B%7Bconstructor%7D%7D',
  'a prototype': '__proto__',
  'control characters': '%01%02%7F',
  'only spaces': '%20%20',
}

const badQueries: Record<string, string> = {
  'a limit in words': 'limit=many',
  'a negative limit': 'limit=-1',
  'a limit of zero': 'limit=0',
  'a huge limit': 'limit=99999999999999999999',
  'a broken limit': 'limit=1.5',
  'a limit of infinity': 'limit=Infinity',
  'a limit of rubbish': 'limit=%F0%9F%92%A5',
  'two bad limits': 'limit=a&limit=b',
  'a limit with brackets': 'limit[]=a&limit=x',
  'a cursor that was never given': 'cursor=never-given',
  'a cursor of NUL': 'cursor=%00',
  'a cursor of broken encoding': 'cursor=%zz',
  'a very long cursor': `cursor=${'A'.repeat(5_000)}`,
  'a cursor of JSON': `cursor=${Buffer.from('{"after":{"$ne":null}}').toString('base64url')}`,
}

export function pathRequests(target: Target): MalformedRequest[] {
  const requests: MalformedRequest[] = []
  const get = (path: string, name: string, expected: MalformedRequest['expected']): void => {
    requests.push({ name: `GET ${name}`, bytes: toBytes({ method: 'GET', path }), expected })
  }
  for (const [what, segment] of Object.entries(badSegments)) {
    for (const route of lookups) get(route.replace('*', segment), `${route} of ${what}`, 'refused')
    get(customerOrders.replace('*', segment), `${customerOrders} of ${what}`, 'harmless')
    const cancel = toBytes({ method: 'POST', path: `/orders/${segment}/cancel` })
    requests.push({ name: `POST /orders/*/cancel of ${what}`, bytes: cancel, expected: 'refused' })
    const put = toBytes({ method: 'PUT', path: `/inventory/${segment}`, headers: [json], body: '{"onHand":5}' })
    requests.push({ name: `PUT /inventory/* of ${what}`, bytes: put, expected: 'refused' })
  }
  for (const [what, query] of Object.entries(badQueries)) {
    get(`/products?${query}`, `/products with ${what}`, 'refused')
    get(`/customers/${target.customerId}/orders?${query}`, `${customerOrders} with ${what}`, 'refused')
  }
  return requests
}

export function headRequests(target: Target, random: SeededRandom): MalformedRequest[] {
  const sku = encodeURIComponent(target.sku)
  const routes = ['/products', `/products/${sku}`, '/orders', `/orders/${target.orderId}`, `/inventory/${sku}`]
  const requests: MalformedRequest[] = []
  const add = (name: string, head: Parameters<typeof toBytes>[0], expected: MalformedRequest['expected']): void => {
    requests.push({ name, bytes: toBytes(head), expected })
  }
  for (const path of routes) {
    for (const method of ['DELETE', 'PATCH']) add(`${method} ${path}`, { method, path }, 'refused')
  }
  for (const type of badTypes) {
    const headers: [string, string][] = type === '' ? [] : [['content-type', type]]
    add(
      `an order of type ${JSON.stringify(type)}`,
      { method: 'POST', path: '/orders', headers, body: 'a=1' },
      'refused',
    )
    add(
      `a level of type ${JSON.stringify(type)}`,
      { method: 'PUT', path: `/inventory/${sku}`, headers, body: '<a/>' },
      'refused',
    )
  }
  for (const [what, headers] of badHeaders(random)) {
    add(`an empty order with ${what}`, { method: 'POST', path: '/orders', headers, body: '{}' }, 'refused')
    add(`a list with ${what}`, { method: 'GET', path: '/products?limit=1', headers }, 'harmless')
  }
  const huge: [string, string][] = [['x-huge', 'a'.repeat(200_000)]]
  add('a header of 200 kB', { method: 'GET', path: '/products', headers: huge }, 'refused or closed')
  add('a path of 200 kB', { method: 'GET', path: `/${'a'.repeat(200_000)}` }, 'refused or closed')
  return requests
}

const badTypes = [
  '',
  'text/plain',
  'application/xml',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
  'application/jsonx',
  'json',
  ';;;',
  'application/json/extra',
]

function badHeaders(random: SeededRandom): [string, [string, string][]][] {
  const noise = Array.from({ length: 40 }, () => String.fromCharCode(random.integer(0xa1, 0xff))).join('')
  return [
    ['two types', [json, ['content-type', 'text/plain']]],
    ['two keys', [json, ['idempotency-key', 'a'], ['idempotency-key', 'b']]],
    ['an empty key', [json, ['idempotency-key', '']]],
    ['a key of 7 kB', [json, ['idempotency-key', 'k'.repeat(7_000)]]],
    ['a key that is not ASCII', [json, ['idempotency-key', noise]]],
    ['a broken trace', [json, ['traceparent', '00-zz-zz-zz'], ['tracestate', noise]]],
    ['two traces', [json, ['traceparent', '00-0-0-0'], ['traceparent', '00-1-1-1']]],
    ['a request id of 7 kB', [json, ['x-request-id', 'r'.repeat(7_000)]]],
    ['a request id that would write a log line', [json, ['x-request-id', 'a%0d%0aerror: forged']]],
    ['a broken deadline', [json, ['banyan-timeout', 'soon'], ['x-banyan-deadline', '-1'], ['grpc-timeout', '9Z']]],
    [
      'headers of the inside',
      [json, ['x-banyan-caller', 'admin'], ['x-banyan-token', 'guess'], ['authorization', 'Bearer guess']],
    ],
    ['broken baggage', [json, ['baggage', `${'a=b,'.repeat(300)}=;;`]]],
    ['a broken condition', [json, ['if-none-match', `"${noise}`], ['if-match', '*,*']]],
    ['an encoding nobody knows', [json, ['content-encoding', 'rot13'], ['accept-encoding', 'rot13;q=9']]],
    ['a broken accept', [json, ['accept', '///;;;q=x']]],
    ['two hosts', [json, ['host', 'other.example']]],
    ['a forged origin', [json, ['x-forwarded-for', "127.0.0.1, ' OR 1=1"], ['forwarded', 'for=;;;="']]],
    [
      'two hundred cookies',
      [json, ...Array.from({ length: 80 }, (_, i): [string, string] => ['cookie', `c${i}=${i}`])],
    ],
  ]
}
