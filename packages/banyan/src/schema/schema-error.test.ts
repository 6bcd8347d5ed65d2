/** Schemas that cannot be used are refused at start, by name and place. */
import { expect, test } from 'vitest'
import { compileSchema } from './compile.ts'
import type { JsonSchema } from './json-schema.ts'
import { SchemaError } from './schema-error.ts'

function errorOf(schema: unknown): SchemaError {
  try {
    compileSchema(schema as JsonSchema, { extras: 'strip' })
  } catch (error) {
    if (error instanceof SchemaError) return error
    throw error
  }
  throw new Error(`compiled: ${JSON.stringify(schema)}`)
}

const circular: Record<string, unknown> = { type: 'object' }
circular['properties'] = { self: circular }

const deep = (levels: number): JsonSchema => {
  let schema: JsonSchema = { type: 'array' }
  for (let level = 0; level < levels; level++) schema = { type: 'array', items: schema }
  return schema
}

const chain = Object.fromEntries(
  Array.from({ length: 5000 }, (_, index) => [`d${index}`, { $ref: `#/$defs/d${index + 1}` }]),
)

test.each<[string, unknown, string, string, RegExp]>([
  [
    'a misspelled keyword',
    { properties: { a: { minLenght: 1 } } },
    '#/properties/a',
    'minLenght',
    /did you mean 'minLength'/,
  ],
  ['an unknown keyword', { frobnicate: 1 }, '#', 'frobnicate', /unknown keyword.*x-/],
  ['a misspelled keyword in an unused definition', { $defs: { a: { typo: 1 } } }, '#/$defs/a', 'typo', /unknown/],
  ['a keyword of another name from Object.prototype', { constructor: 1 }, '#', 'constructor', /unknown/],
  ['an unknown type', { items: { type: 'date' } }, '#/items', 'type', /"date" is not a JSON type/],
  ['a type that is no JSON', { type: 'bigint' }, '#', 'type', /bigint/],
  [
    'an unknown format',
    { anyOf: [{ type: 'string', format: 'datetime' }, { type: 'null' }] },
    '#/anyOf/0',
    'format',
    /known: date-time/,
  ],
  ['a bad pattern', { type: 'string', pattern: '(' }, '#', 'pattern', /./],
  ['a bad patternProperties', { patternProperties: { '(': {} } }, '#', 'patternProperties', /./],
  ['a $ref to nowhere', { $ref: '#/$defs/none' }, '#', '$ref', /not in this schema/],
  ['a remote $ref', { $ref: 'https://example.com/schema' }, '#', '$ref', /not in this schema/],
  ['a $ref to itself', { $ref: '#' }, '#', '$ref', /refers to itself/],
  [
    'a circle of references',
    { $ref: '#/$defs/a', $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }] }, b: { allOf: [{ $ref: '#/$defs/a' }] } } },
    '#/$defs/a',
    '$ref',
    /refers to itself/,
  ],
  [
    'a circle entered below',
    {
      properties: { x: { $ref: '#/$defs/b' } },
      $defs: {
        b: { properties: { y: { $ref: '#/$defs/a' } }, anyOf: [{ $ref: '#/$defs/a' }, { type: 'null' }] },
        a: { anyOf: [{ $ref: '#/$defs/b' }, {}] },
      },
    },
    '#/$defs/',
    '$ref',
    /refers to itself/,
  ],
  [
    'a default that breaks its rules',
    { properties: { n: { type: 'integer', minimum: 1, default: 0 } } },
    '#/properties/n',
    'default',
    /integer ≥ 1, found 0/,
  ],
  [
    'a default with an unknown property',
    { properties: { n: { type: 'object', default: { x: 1 } } } },
    '#/properties/n',
    'default',
    /\/x is not a known property/,
  ],
  ['a default that never ends', { properties: { n: { $ref: '#', default: {} } } }, '#/properties/n', 'default', /./],
  ['a negative length', { minLength: -1 }, '#', 'minLength', /integer of 0 or more/],
  ['a text for a number', { minimum: '1' }, '#', 'minimum', /number/],
  ['an empty enum', { enum: [] }, '#', 'enum', /non-empty/],
  ['an enum value that is no JSON', { enum: [new Date(0)] }, '#', 'enum', /not JSON/],
  ['multipleOf: 0', { multipleOf: 0 }, '#', 'multipleOf', /above 0/],
  [
    'required: true as in draft 3',
    { properties: { a: { required: true } } },
    '#/properties/a',
    'required',
    /array of strings/,
  ],
  ['additionalItems without a tuple', { items: {}, additionalItems: false }, '#', 'additionalItems', /items/],
  ['unevaluatedProperties as a schema', { unevaluatedProperties: {} }, '#', 'unevaluatedProperties', /only false/],
  ['a schema that is no schema', { properties: { a: 'string' } }, '#', 'properties', /object of schemas/],
  ['null', null, '#', '', /object or a boolean/],
  ['a TypeBox Refine', Object.defineProperty({ type: 'string' }, '~refine', { value: [] }), '#', '~refine', /handler/],
  ['a schema object inside itself', circular, '#/properties/self', '', /nested more than/],
  ['a schema nested too deeply', deep(500), '#/items', '', /nested more than/],
  [
    'a long chain of references',
    { $ref: '#/$defs/d0', $defs: { ...chain, d5000: {} } },
    '#/$defs/d',
    '$ref',
    /references/,
  ],
])('%s', (_, schema, at, keyword, problem) => {
  const error = errorOf(schema)
  expect(error.keyword).toBe(keyword)
  expect(error.at.startsWith(at), error.at).toBe(true)
  expect(error.message).toMatch(problem)
  expect(error.message).toContain(error.at)
})

test('annotations, x- and ~ keys are ignored', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://example.com/s',
    $comment: 'c',
    title: 't',
    description: 'd',
    examples: [1],
    deprecated: true,
    readOnly: true,
    contentMediaType: 'text/plain',
    'x-owner': 'me',
    '~kind': 'String',
    type: 'string',
  }
  expect(compileSchema(schema, { extras: 'strip' }).copy('a')).toBe('a')
})
