// Bodies that are wrong: not JSON, not the right shape, too big, too deep, and text that no store should have to hold.
// Each differs from a good body in one place, so that a pass means that this very fault was seen.

import type { SeededRandom } from '../seeded-random.ts'
import { json, type MalformedRequest, type Target, toBytes } from './request.ts'

/** JSON text, since several of these no serializer would write. */
type Draft = Record<string, string>

/** Values that are wrong wherever a field has a type, as JSON text. */
const wrong: Record<string, string> = {
  null: 'null',
  'a boolean': 'true',
  'an empty list': '[]',
  'an empty object': '{}',
  'a nested list': '[[[1]]]',
}
const wrongText: Record<string, string> = {
  ...wrong,
  'a number': '42',
  'an empty string': '""',
  'a very long string': JSON.stringify('x'.repeat(100_000)),
  'a string with NUL': '"a\\u0000b"',
  'a lone high surrogate': '"a\\ud800b"',
  'a lone low surrogate': '"\\udfffb"',
}
const wrongCount: Record<string, string> = {
  ...wrong,
  'a string': '"1"',
  'a negative number': '-1',
  'a fraction': '1.5',
  'a number beyond safe integers': '9007199254740993',
  'a number beyond doubles': '1e999',
  'the smallest number': '-9223372036854775809',
  'an empty string': '""',
}

interface Field {
  name: string
  values: Record<string, string>
}

const orderFields: Field[] = [
  { name: 'customerId', values: wrongText },
  {
    name: 'items',
    values: { ...wrong, 'a string': '"items"', 'a list of numbers': '[1,2]', 'a list of null': '[null]' },
  },
  { name: 'payment', values: { ...wrong, 'a string': '"tok_ok"', 'a number': '7' } },
  {
    name: 'sku',
    values: {
      ...wrongText,
      'an emoji': '"\\ud83d\\udca5"',
      'a path': '"../../etc/passwd"',
      SQL: `"'; DROP TABLE stock; --"`,
    },
  },
  { name: 'quantity', values: { ...wrongCount, zero: '0' } },
  {
    name: 'token',
    values: {
      ...wrong,
      'a number': '42',
      'an empty string': '""',
      'a very long string': wrongText['a very long string'] ?? '',
    },
  },
]

const extras: Record<string, string> = {
  __proto__: '{"admin":true}',
  constructor: '{"prototype":{"admin":true}}',
  status: '"delivered"',
  total: '0',
  'ключ\u202e': '1',
  '': '1',
  deep: nested(500),
}

export function orderBodies(target: Target, random: SeededRandom): MalformedRequest[] {
  const requests: MalformedRequest[] = []
  const add = (name: string, body: string | Buffer): void => {
    const bytes = toBytes({ method: 'POST', path: '/orders', headers: [json], body })
    requests.push({ name: `POST /orders: ${name}`, bytes, expected: 'refused' })
  }
  for (const { name, values } of orderFields) {
    for (const [what, value] of Object.entries(values)) add(`${name} is ${what}`, orderText(target, { [name]: value }))
    add(`${name} is missing`, orderText(target, { [name]: '' }))
  }
  for (const [extra, value] of Object.entries(extras)) {
    add(`an extra field ${JSON.stringify(extra)}`, addField(orderText(target), extra, value))
  }
  const line = orderLine(target)
  add('an extra field in a line', orderText(target, { items: `[${addField(line, 'price', '1')}]` }))
  add('ten thousand lines', orderText(target, { items: `[${Array(10_000).fill(line).join()}]` }))
  for (const [what, text] of Object.entries(notJson(orderText(target), random))) add(what, text)
  return requests
}

export function stockBodies(target: Target, random: SeededRandom): MalformedRequest[] {
  const path = `/inventory/${encodeURIComponent(target.sku)}`
  const requests: MalformedRequest[] = []
  const add = (name: string, body: string | Buffer): void => {
    const bytes = toBytes({ method: 'PUT', path, headers: [json], body })
    requests.push({ name: `PUT /inventory: ${name}`, bytes, expected: 'refused' })
  }
  for (const [what, value] of Object.entries(wrongCount)) add(`onHand is ${what}`, `{"onHand":${value}}`)
  add('onHand is missing', '{}')
  for (const [extra, value] of Object.entries(extras)) {
    add(`an extra field ${JSON.stringify(extra)}`, addField('{"onHand":5}', extra, value))
  }
  for (const [what, text] of Object.entries(notJson('{"onHand":5}', random))) add(what, text)
  return requests
}

/** A good order, but for the fields that are given; an empty text leaves the field out. */
function orderText(target: Target, changes: Draft = {}): string {
  const payment = toObject({ token: changes['token'] ?? '"tok_ok"' })
  return toObject({
    customerId: changes['customerId'] ?? JSON.stringify(target.customerId),
    items: changes['items'] ?? `[${orderLine(target, changes)}]`,
    payment: changes['payment'] ?? payment,
  })
}

function orderLine(target: Target, changes: Draft = {}): string {
  return toObject({ sku: changes['sku'] ?? JSON.stringify(target.sku), quantity: changes['quantity'] ?? '1' })
}

function toObject(fields: Draft): string {
  const present = Object.entries(fields).filter(([, value]) => value !== '')
  return `{${present.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join()}}`
}

function addField(object: string, name: string, value: string): string {
  return `${object.slice(0, -1)},${JSON.stringify(name)}:${value}}`
}

/** Every way of not being the JSON object that is asked for. The good text is damaged at seeded places. */
function notJson(good: string, random: SeededRandom): Record<string, string | Buffer> {
  const cases: Record<string, string | Buffer> = {
    'an empty body': '',
    'only spaces': '   ',
    null: 'null',
    'a list': `[${good}]`,
    'a number': '7',
    'a string': '"text"',
    'two documents': `${good}${good}`,
    'a comma too many': `${good.slice(0, -1)},}`,
    'single quotes': good.replaceAll('"', "'"),
    'a comment': `/* order */${good}`,
    NaN: '{"onHand":NaN,"customerId":NaN}',
    'bytes that are not UTF-8': Buffer.concat([Buffer.from('{"customerId":"'), Buffer.from([0xff, 0xfe, 0xc0, 0xaf])]),
    'UTF-16': Buffer.from(`\ufeff${good}`, 'utf16le'),
    'a raw NUL': good.replace(':', ':\0'),
    'lists a hundred thousand deep': nested(50_000),
    'a million open brackets': '['.repeat(1_000_000),
    'gzip without saying so': Buffer.from('1f8b0800000000000003abae050043bfa6a302000000', 'hex'),
    'three megabytes': `{"customerId":"${'a'.repeat(3_000_000)}"}`,
  }
  for (let i = 0; i < 12; i++) {
    const at = random.integer(1, good.length - 1)
    cases[`cut off after ${at} of ${good.length} characters (${i})`] = good.slice(0, at)
  }
  for (let i = 0; i < 12; i++) {
    const at = random.integer(1, good.length - 2)
    cases[`a control character at ${at} (${i})`] = `${good.slice(0, at)}\u0001${good.slice(at)}`
  }
  return cases
}

function nested(depth: number): string {
  return `${'['.repeat(depth)}${']'.repeat(depth)}`
}
