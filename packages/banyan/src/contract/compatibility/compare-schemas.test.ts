/** Changes as people make them: each with the verdict, the place, the rule and a witness that can be read. */
import { expect, test } from 'vitest'
import type { JsonSchema } from '../../schema/json-schema.ts'
import { t } from '../index.ts'
import { compareSchemas } from './compare-schemas.ts'

const json = (schema: object): JsonSchema => schema as JsonSchema
const object = (properties: Record<string, JsonSchema>, required = Object.keys(properties)): JsonSchema => ({
  type: 'object',
  properties,
  required,
})
const text: JsonSchema = { type: 'string' }
const whole: JsonSchema = { type: 'integer' }
const node = (value: object): JsonSchema => ({
  $ref: '#/$defs/node',
  $defs: { node: object({ value: value as JsonSchema, next: { $ref: '#/$defs/node' } }, ['value']) },
})
const shape = (kind: string, more: Record<string, JsonSchema> = {}): JsonSchema =>
  object({ kind: { const: kind }, ...more })

type Case = readonly [name: string, writer: JsonSchema, reader: JsonSchema]

const compatible: readonly Case[] = [
  ['the same', object({ a: text }), object({ a: text })],
  ['an optional property more', object({ a: text }), object({ a: text, b: whole }, ['a'])],
  ['an optional property with another type than strangers may have', object({}), object({ b: whole }, [])],
  ['a property less', object({ a: text, b: whole }), object({ a: text })],
  ['required becomes optional', object({ a: text }), object({ a: text }, [])],
  [
    'a default makes a required property of an optional one',
    object({ a: { ...(text as object), default: 'x' } }, []),
    object({ a: text }),
  ],
  [
    'wider bounds',
    { type: 'integer', minimum: 2, maximum: 5 },
    { type: 'integer', exclusiveMinimum: 1, exclusiveMaximum: 6 },
  ],
  ['whole numbers are numbers', whole, { type: 'number' }],
  ['multiples of multiples', { type: 'number', multipleOf: 0.5 }, { type: 'number', multipleOf: 0.25 }],
  ['one more in a list of values', { enum: ['a', 'b'] }, { enum: ['a', 'b', 'c'] }],
  ['values become free text', { enum: ['a', 'b'] }, text],
  ['a length that a pattern implies', { type: 'string', pattern: '^[A-Z]{3}$' }, { type: 'string', maxLength: 3 }],
  ['a length that a format implies', json(t.Uuid()), { type: 'string', minLength: 36, maxLength: 36 }],
  ['nullable', text, json(t.Nullable(t.String()))],
  ['one more branch with a tag', { anyOf: [shape('a'), shape('b')] }, { anyOf: [shape('a'), shape('b'), shape('c')] }],
  ['oneOf with a tag', { oneOf: [shape('a'), shape('b')] }, { oneOf: [shape('b', {}), shape('a')] }],
  ['branches split by type', { type: ['string', 'null'] }, { anyOf: [text, { type: 'null' }] }],
  ['a recursive schema', node({ type: 'integer' }), node({ type: 'number' })],
  [
    'a definition instead of the same in place',
    object({ a: text }),
    { ...(object({ a: { $ref: '#/$defs/t' } }) as object), $defs: { t: text } },
  ],
  ['a tuple becomes a list', json(t.Tuple([t.String(), t.String()])), { type: 'array', items: text }],
  ['all of two parts', { allOf: [object({ a: text }), object({ b: whole })] }, object({ a: text, b: whole })],
  ['a map of a narrower type', json(t.Record(t.String(), t.Integer())), json(t.Record(t.String(), t.Number()))],
]

test.each(compatible)('compatible: %s', (_name, writer, reader) => {
  expect(compareSchemas(writer, reader)).toEqual({ verdict: 'compatible', findings: [] })
})

type Refused = readonly [...Case, path: string, rule: string, witness: unknown]

const incompatible: readonly Refused[] = [
  ['a required property more', object({ a: text }), object({ a: text, b: whole }), '/b', 'required', { a: 'a' }],
  ['optional becomes required', object({ a: text }, []), object({ a: text }), '/a', 'required', {}],
  ['another type', object({ a: text }), object({ a: whole }), '/a', 'type', { a: 'a' }],
  ['numbers become whole', { type: 'number' }, whole, '', 'type', 0.5],
  ['a value less', { enum: ['a', 'b'] }, { enum: ['a'] }, '', 'enum', 'b'],
  ['free text becomes values', text, { enum: ['a'] }, '', 'enum', 'text'],
  ['a shorter text', json(t.String({ maxLength: 9 })), json(t.String({ maxLength: 3 })), '', 'maxLength', 'text'],
  ['a minimum', whole, { type: 'integer', minimum: 1 }, '', 'minimum', 0],
  ['a step', whole, { type: 'integer', multipleOf: 5 }, '', 'multipleOf', 1],
  [
    'another pattern',
    { type: 'string', pattern: '^[A-Z]{3}$' },
    { type: 'string', pattern: '^[A-Z]{2}$' },
    '',
    'pattern',
    'AAA',
  ],
  ['a format', text, json(t.Date()), '', 'format', 'a'],
  [
    'fewer elements',
    { type: 'array', items: whole, maxItems: 4 },
    { type: 'array', items: whole, maxItems: 1 },
    '',
    'maxItems',
    [0, 1],
  ],
  [
    'all different',
    { type: 'array', items: whole },
    { type: 'array', items: whole, uniqueItems: true },
    '',
    'uniqueItems',
    [1, 1],
  ],
  ['no longer null', json(t.Nullable(t.String())), text, '', 'type', null],
  [
    'a branch less',
    { anyOf: [shape('a'), shape('b')] },
    { anyOf: [shape('a'), shape('c')] },
    '/kind',
    'enum',
    { kind: 'b' },
  ],
  [
    'within a branch',
    { anyOf: [shape('a', { x: text }), shape('b')] },
    { anyOf: [shape('a', { x: whole }), shape('b')] },
    '/x',
    'type',
    { kind: 'a', x: 'a' },
  ],
  [
    'within a recursive schema',
    node({ type: 'integer' }),
    node({ type: 'integer', maximum: 5 }),
    '/value',
    'maximum',
    { value: 10 },
  ],
  [
    'an entry of a map',
    json(t.Record(t.String(), t.Integer())),
    json(t.Record(t.String(), t.String())),
    '/key',
    'type',
    { key: 0 },
  ],
  [
    'within a list',
    object({ l: { type: 'array', items: object({ q: whole }) } }),
    object({ l: { type: 'array', items: object({ q: text }) } }),
    '/l/0/q',
    'type',
    { l: [{ q: 0 }] },
  ],
]

test.each(incompatible)('incompatible: %s', (_name, writer, reader, path, rule, witness) => {
  const { verdict, findings } = compareSchemas(writer, reader)
  expect(verdict).toBe('incompatible')
  expect(findings).toHaveLength(1)
  expect(findings[0]).toMatchObject({ path, rule, confirmed: true, witness })
})

test('a property that the edge does not know is refused there, and dropped between services', () => {
  const [old, next] = [object({ a: text, b: whole }), object({ a: text })]
  expect(compareSchemas(old, next).verdict).toBe('compatible')
  const { findings } = compareSchemas(old, next, { unknown: 'refuse' })
  expect(findings).toMatchObject([
    { path: '/b', rule: 'additionalProperties', confirmed: true, witness: { a: 'a', b: 0 } },
  ])
})

test('several differences are told apart, each with a witness of its own', () => {
  const { findings } = compareSchemas(object({ a: text, b: text }), object({ a: whole, b: json(t.Date()), c: text }))
  expect(findings.map(({ path, rule, confirmed }) => [path, rule, confirmed])).toEqual([
    ['/a', 'type', true],
    ['/b', 'format', true],
    ['/c', 'required', true],
  ])
})

test('what is not decided is unknown, never compatible', () => {
  const odd: JsonSchema = { type: 'string', pattern: '^(?=a)a+$' }
  const { verdict, findings } = compareSchemas({ type: 'string', pattern: '^a+$' }, odd)
  expect(verdict).toBe('unknown')
  expect(findings).toMatchObject([{ rule: 'pattern', confirmed: false }])
  expect(findings[0]).not.toHaveProperty('witness')
})

test('a union that sends mixtures of its branches is not taken for its branches', () => {
  // { a: 'x', b: 1 } satisfies both branches of the writer and is sent whole; the reader wants exactly one of the two.
  const branches = [object({ a: text }), object({ b: whole })]
  const { verdict, findings } = compareSchemas({ anyOf: branches }, { oneOf: branches })
  expect(verdict).toBe('incompatible')
  expect(findings[0]?.witness).toEqual({ a: 'a', b: 0 })
})

test('a schema that cannot be used is an error, not a verdict', () => {
  expect(() => compareSchemas({ type: 'strnig' }, text)).toThrow("keyword 'type'")
})
