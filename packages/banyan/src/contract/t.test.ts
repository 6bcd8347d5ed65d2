import Type from 'typebox'
import Value from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { compileSchema } from '../schema/index.ts'
import { t } from './index.ts'

const plain = (schema: unknown): unknown => JSON.parse(JSON.stringify(schema))

describe('what t makes is a JSON Schema 2020-12 document', () => {
  const cases: readonly [string, unknown, unknown][] = [
    ['String', t.String({ minLength: 1, format: 'uri' }), { type: 'string', minLength: 1, format: 'uri' }],
    ['Integer', t.Integer({ minimum: 1 }), { type: 'integer', minimum: 1 }],
    ['Number', t.Number({ multipleOf: 0.5 }), { type: 'number', multipleOf: 0.5 }],
    ['Boolean', t.Boolean({ default: true }), { type: 'boolean', default: true }],
    ['Null', t.Null(), { type: 'null' }],
    ['Literal', t.Literal('a'), { type: 'string', const: 'a' }],
    ['Enum', t.Enum(['a', 'b']), { type: 'string', enum: ['a', 'b'] }],
    ['Enum of two types', t.Enum(['a', 1]), { enum: ['a', 1] }],
    ['Union', t.Union([t.String(), t.Null()]), { anyOf: [{ type: 'string' }, { type: 'null' }] }],
    ['Array', t.Array(t.String(), { maxItems: 2 }), { type: 'array', items: { type: 'string' }, maxItems: 2 }],
    [
      'Tuple',
      t.Tuple([t.String(), t.Integer()]),
      {
        type: 'array',
        prefixItems: [{ type: 'string' }, { type: 'integer' }],
        items: false,
        minItems: 2,
        maxItems: 2,
      },
    ],
    [
      'Object',
      t.Object({ a: t.String(), b: t.Optional(t.Integer({ minimum: 1 })) }, { description: 'x' }),
      {
        type: 'object',
        required: ['a'],
        properties: { a: { type: 'string' }, b: { type: 'integer', minimum: 1 } },
        description: 'x',
      },
    ],
    [
      'Object without required fields',
      t.Object({ a: t.Optional(t.String()) }),
      { type: 'object', properties: { a: { type: 'string' } } },
    ],
    ['Nullable', t.Nullable(t.Date()), { anyOf: [{ type: 'string', format: 'date' }, { type: 'null' }] }],
    ['Record', t.Record(t.String(), t.Integer()), { type: 'object', additionalProperties: { type: 'integer' } }],
    [
      'Record with keys',
      t.Record(t.Enum(['a', 'b']), t.Integer()),
      {
        type: 'object',
        propertyNames: { type: 'string', enum: ['a', 'b'] },
        additionalProperties: { type: 'integer' },
      },
    ],
    ['Unknown', t.Unknown(), {}],
    ['Uuid', t.Uuid(), { type: 'string', format: 'uuid' }],
    ['DateTime', t.DateTime(), { type: 'string', format: 'date-time' }],
    ['Email', t.Email({ maxLength: 80 }), { type: 'string', format: 'email', maxLength: 80 }],
    ['Unsafe', t.Unsafe<'x'>({ const: 'x' }), { const: 'x' }],
  ]
  test.each(cases)('%s', (_name, schema, json) => {
    expect(plain(schema)).toEqual(json)
    compileSchema(schema as never, { extras: 'strip' }) // and one that our own compiler takes
  })
})

test('Optional leaves the schema that it was given as it was', () => {
  const name = t.String()
  const object = t.Object({ nick: t.Optional(name), name })
  expect(plain(object)).toHaveProperty('required', ['name'])
})

test('a field may be called like a member of Object', () => {
  const schema = t.Object({ constructor: t.String(), toString: t.Optional(t.Integer()) })
  const { copy } = compileSchema(schema as never, { extras: 'strip' })
  expect(copy({ constructor: 'x' })).toEqual({ constructor: 'x' })
})

describe("TypeBox's own tools take what t makes", () => {
  const schema = t.Object({
    sku: t.String({ minLength: 1 }),
    kind: t.Union([t.Literal('a'), t.Null()]),
    note: t.Optional(t.String()),
    lines: t.Array(t.Tuple([t.String(), t.Integer()])),
    more: t.Record(t.String(), t.Boolean()),
  })
  test('guards', () => {
    expect(Type.IsObject(schema)).toBe(true)
    expect(Type.IsOptional(t.Optional(t.String()))).toBe(true)
    expect(Type.IsUnion(t.Nullable(t.String()))).toBe(true)
  })
  test('checks', () => {
    const good = { sku: 'x', kind: null, lines: [['a', 1]], more: { yes: true } }
    expect(Value.Check(schema as never, good)).toBe(true)
    expect(Value.Check(schema as never, { ...good, sku: '' })).toBe(false)
    expect(Value.Check(schema as never, { ...good, lines: [['a']] })).toBe(false)
    expect(Value.Check(schema as never, { ...good, more: { no: 1 } })).toBe(false)
  })
  test('builds upon', () => {
    const partial = Type.Partial(schema as never)
    expect(plain(partial)).not.toHaveProperty('required')
  })
})
