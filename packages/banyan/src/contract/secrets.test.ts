// What schemas hide, and what they do not.
import { expect, test } from 'vitest'
import { compileSchema } from '../schema/index.ts'
import { toSchemaText } from './compatibility/schema-text.ts'
import { t } from './index.ts'
import type { AnySchema } from './schema.ts'
import { redactBySchema, secretNames } from './secrets.ts'

const Card = t.Object({ number: t.String({ secret: true, maxLength: 19 }), holder: t.String() })

test('secret is an annotation of JSON Schema, which no value fails and no version differs by', () => {
  expect(JSON.parse(JSON.stringify((Card as never as { properties: { number: unknown } }).properties.number))).toEqual({
    type: 'string',
    maxLength: 19,
    'x-secret': true,
  })
  expect(JSON.parse(JSON.stringify(t.Integer({ secret: false })))).toEqual({ type: 'integer' })
  expect(compileSchema(Card as never, { extras: 'reject' }).copy({ number: '4', holder: 'a' })).toEqual({
    number: '4',
    holder: 'a',
  })
  expect(toSchemaText(t.String({ secret: true }) as never)).toBe(toSchemaText(t.String() as never))
})

const cases: readonly [string, AnySchema, unknown, unknown][] = [
  ['a field', Card, { number: '4111', holder: 'ada' }, { number: '***', holder: 'ada' }],
  ['fields in lists', t.Array(Card), [{ number: '1', holder: 'a' }], [{ number: '***', holder: 'a' }]],
  ['what may be null', t.Object({ a: t.Nullable(t.String({ secret: true })) }), { a: 'x' }, { a: '***' }],
  ['not null', t.Object({ a: t.Nullable(t.String({ secret: true })) }), { a: null }, { a: null }],
  ['what may be missing', t.Object({ a: t.Optional(t.String({ secret: true })) }), {}, {}],
  [
    'a whole object',
    t.Object({ card: t.Object({ number: t.String() }, { secret: true }) }),
    { card: { number: '1' } },
    { card: '***' },
  ],
  ['numbers', t.Object({ pin: t.Integer({ secret: true }) }), { pin: 1234 }, { pin: '***' }],
  ['values of a map', t.Record(t.String(), t.String({ secret: true })), { a: '1' }, { a: '***' }],
  ['of a tuple', t.Tuple([t.String(), t.String({ secret: true })]), ['a', 'b'], ['a', '***']],
  [
    'one of several',
    t.Union([t.Object({ token: t.String({ secret: true }) }), t.Object({ name: t.String() })]),
    { token: 'x' },
    { token: '***' },
  ],
  [
    'by reference',
    t.Unsafe({ $defs: { K: { type: 'string', 'x-secret': true } }, properties: { k: { $ref: '#/$defs/K' } } }),
    { k: 'x' },
    { k: '***' },
  ],
  ['what does not fit', Card, 'no card', 'no card'],
]

test.each(cases)('%s', (_, schema, value, shown) => {
  const before = structuredClone(value)
  expect(redactBySchema(schema, 'output', value)).toEqual(shown)
  expect(value).toEqual(before)
})

test('what has no secret is not copied, and what was found is told', () => {
  const value = { number: '4111', holder: 'ada' }
  expect(redactBySchema(t.Object({ number: t.String(), holder: t.String() }), 'output', value)).toBe(value)
  const told: unknown[] = []
  redactBySchema(Card, 'output', value, (secret) => told.push(secret))
  expect(told).toEqual(['4111'])
})

test('a schema that refers to itself ends', () => {
  const loop = t.Unsafe({ $ref: '#', properties: { b: { 'x-secret': true } } })
  expect(redactBySchema(loop, 'output', { a: 1 })).toBe('***')
})

test('names of secret fields are found wherever they stand', () => {
  const schema = t.Object({ cards: t.Array(Card), pin: t.Nullable(t.Integer({ secret: true })), name: t.String() })
  expect([...secretNames(schema, 'output')].sort()).toEqual(['number', 'pin'])
})
