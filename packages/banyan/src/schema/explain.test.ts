/** The words of an explanation: what an API's user reads. */
import { expect, test } from 'vitest'
import { compileSchema } from './compile.ts'
import type { JsonSchema } from './json-schema.ts'

const explain = (schema: JsonSchema, value: unknown, maxIssues?: number) =>
  compileSchema(schema, { extras: 'reject' }).explain(value, maxIssues)

const message = (schema: JsonSchema, value: unknown): string | undefined => explain(schema, value)[0]?.message

const order: JsonSchema = {
  type: 'object',
  properties: {
    currency: { enum: ['EUR', 'USD'] },
    lines: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: { sku: { type: 'string', pattern: '^[A-Z]-[0-9]+$' }, quantity: { type: 'integer', minimum: 1 } },
        required: ['sku', 'quantity'],
      },
    },
  },
  required: ['currency', 'lines'],
}

test('every violation is reported, with place, rule, what is right and what was found', () => {
  const value = { currency: 'GBP', lines: [{ sku: 'a', quantity: 0 }, { sku: 'A-1' }, [1, 2, 3]], 'a/b~c': 1 }
  expect(explain(order, value)).toEqual([
    {
      path: '/currency',
      rule: 'enum',
      expected: 'one of "EUR", "USD"',
      found: 'string "GBP"',
      message: '/currency must be one of "EUR", "USD", found string "GBP"',
    },
    {
      path: '/lines/0/sku',
      rule: 'pattern',
      expected: 'string matching ^[A-Z]-[0-9]+$',
      found: 'string "a"',
      message: '/lines/0/sku must be a string matching ^[A-Z]-[0-9]+$, found string "a"',
    },
    {
      path: '/lines/0/quantity',
      rule: 'minimum',
      expected: 'integer ≥ 1',
      found: '0',
      message: '/lines/0/quantity must be an integer ≥ 1, found 0',
    },
    {
      path: '/lines/1/quantity',
      rule: 'required',
      expected: 'integer ≥ 1',
      found: 'nothing',
      message: '/lines/1/quantity is required and must be an integer ≥ 1, found nothing',
    },
    {
      path: '/lines/2',
      rule: 'type',
      expected: 'object',
      found: 'array of 3',
      message: '/lines/2 must be an object, found array of 3',
    },
    {
      path: '/a~1b~0c',
      rule: 'additionalProperties',
      expected: 'left out',
      found: '1',
      message: '/a~1b~0c is not a known property and must be left out, found 1',
    },
  ])
})

test('the value itself is named', () => {
  expect(message({ type: 'integer' }, 'x')).toBe('the value must be an integer, found string "x"')
  expect(message({ type: 'integer' }, undefined)).toBe('the value is required and must be an integer, found nothing')
})

test.each<[JsonSchema, unknown, string]>([
  [{ type: 'string', format: 'uuid' }, 'x', 'must be a string in uuid format, found string "x"'],
  [{ type: 'string', minLength: 1 }, '', 'must be a string of at least 1 character, found string ""'],
  [{ type: 'string', maxLength: 2 }, 'abc', 'must be a string of at most 2 characters, found string "abc"'],
  [{ type: 'number', multipleOf: 0.5 }, 0.2, 'must be a number divisible by 0.5, found 0.2'],
  [{ type: 'number', exclusiveMaximum: 3 }, 3, 'must be a number < 3, found 3'],
  [{ type: 'array', minItems: 2 }, [1], 'must be an array of at least 2 items, found array of 1'],
  [{ type: 'array', uniqueItems: true }, [1, 1], 'must be an array of different items, found array of 2'],
  [{ const: 'a' }, 'b', 'must be "a", found string "b"'],
  [{ type: ['string', 'null'] }, 1, 'must be a string or null, found 1'],
  [
    { anyOf: [{ type: 'string' }, { type: 'integer', minimum: 1 }] },
    [],
    'must be a string or integer ≥ 1, found array of 0',
  ],
  [{ type: 'array', contains: { const: 1 } }, [], 'must be an array with at least 1 item that is 1, found array of 0'],
  [{ not: { type: 'null' } }, null, 'must be anything but null, found null'],
  [false, 1, 'must be left out, found 1'],
  [
    { type: 'object', additionalProperties: {}, maxProperties: 1 },
    { a: 1, b: 1 },
    'must be an object with at most 1 property, found object with a, b',
  ],
  [
    { type: 'object', additionalProperties: {}, minProperties: 2 },
    {},
    'must be an object with at least 2 properties, found object with no properties',
  ],
  [{}, new Date(0), 'must be JSON, found a Date: send an ISO string'],
  [{}, 1n, 'must be JSON, found a bigint: send a string'],
  [{}, new Map(), 'must be JSON, found a Map: send an object or an array of pairs'],
  [{}, Number.NaN, 'must be JSON, found NaN: send null or leave it out'],
  [{}, { toJSON: () => 1 }, 'must be JSON, found an object with toJSON: send what toJSON returns'],
  [
    { type: 'string' },
    'a\udc00',
    'must be well-formed text, found string "a\ufffd" with a lone surrogate: send whole characters',
  ],
])('%j: %s', (schema, value, expected) => {
  expect(message(schema, value)).toBe(`the value ${expected}`)
})

test('an untagged union names its branches and what the nearest one lacks', () => {
  const card = { type: 'object', properties: { card: { type: 'string' } }, required: ['card'] }
  const iban = {
    type: 'object',
    properties: { iban: { type: 'string' }, bic: { type: 'string' } },
    required: ['iban', 'bic'],
  }
  expect(explain({ anyOf: [card, iban] }, { card: 1 })).toMatchObject([
    { path: '', rule: 'anyOf', expected: 'object with card or object with iban, bic' },
    { path: '/card', rule: 'type', expected: 'string' },
  ])
})

test('what was found is bounded, and characters are not cut in two', () => {
  for (const value of ['x'.repeat(10_000), '😀'.repeat(10_000), { [`k${'y'.repeat(10_000)}`]: 1 }]) {
    const [issue] = explain({ type: 'integer' }, value)
    expect(issue?.found.length).toBeLessThanOrEqual(60)
    expect(issue?.message.isWellFormed()).toBe(true)
  }
})

test('the number of issues is bounded: 32, or what is asked for', () => {
  const schema = { type: 'array', items: { type: 'integer' } }
  const value = Array.from({ length: 100 }, () => 'x')
  expect(explain(schema, value).length).toBe(32)
  expect(explain(schema, value, 3).length).toBe(3)
  expect(explain(schema, value, 500).length).toBe(100)
})
