/** Each keyword: what it accepts, what it refuses, and the rule that is named for it. Both back ends. */
import { describe, expect, test } from 'vitest'
import { compileWith } from './compile.ts'
import type { JsonSchema } from './json-schema.ts'
import { INVALID } from './value.ts'

interface Case {
  readonly schema: JsonSchema
  readonly valid: readonly unknown[]
  /** Value and the rule reported first. */
  readonly invalid: readonly (readonly [unknown, string])[]
}

const object = (properties: Record<string, JsonSchema>, required: readonly string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required,
})

const cases: Readonly<Record<string, Case>> = {
  'type: one': {
    schema: { type: 'boolean' },
    valid: [true],
    invalid: [
      [1, 'type'],
      [undefined, 'required'],
    ],
  },
  'type: several': { schema: { type: ['string', 'null'] }, valid: ['a', null], invalid: [[1, 'type']] },
  'type: integer is a number without fraction': {
    schema: { type: 'integer' },
    valid: [1, 1e20, -0],
    invalid: [[1.5, 'type']],
  },
  'type: integer beside number allows both': {
    schema: { type: ['integer', 'number'] },
    valid: [1.5],
    invalid: [['1', 'type']],
  },
  true: {
    schema: true,
    valid: [1, null, { a: [1] }],
    invalid: [
      [undefined, 'required'],
      [new Date(0), 'json'],
    ],
  },
  false: { schema: false, valid: [], invalid: [[1, 'false']] },
  minimum: { schema: { type: 'number', minimum: 1 }, valid: [1], invalid: [[0.9, 'minimum']] },
  maximum: { schema: { type: 'number', maximum: 1 }, valid: [1], invalid: [[1.1, 'maximum']] },
  exclusiveMinimum: {
    schema: { type: 'number', exclusiveMinimum: 1 },
    valid: [1.1],
    invalid: [[1, 'exclusiveMinimum']],
  },
  exclusiveMaximum: {
    schema: { type: 'number', exclusiveMaximum: 1 },
    valid: [0.9],
    invalid: [[1, 'exclusiveMaximum']],
  },
  'multipleOf: decimals are exact': {
    schema: { type: 'number', multipleOf: 0.01 },
    valid: [19.99, 0.07, 1, -4.35, 1e21, 0],
    invalid: [
      [19.995, 'multipleOf'],
      [1e-7, 'multipleOf'],
    ],
  },
  'minLength counts code points': {
    schema: { type: 'string', minLength: 2 },
    valid: ['ab', '😀😀'],
    invalid: [['😀', 'minLength']],
  },
  'maxLength counts code points': {
    schema: { type: 'string', maxLength: 2 },
    valid: ['😀😀'],
    invalid: [
      ['abc', 'maxLength'],
      ['😀😀a', 'maxLength'],
    ],
  },
  'pattern is unicode and not anchored': {
    schema: { type: 'string', pattern: '\\p{L}.$' },
    valid: ['1é😀'],
    invalid: [['é', 'pattern']],
  },
  format: {
    schema: { type: 'string', format: 'uuid' },
    valid: ['01234567-89ab-4def-8123-456789012345'],
    invalid: [['x', 'format']],
  },
  items: {
    schema: { type: 'array', items: { type: 'integer' } },
    valid: [[], [1]],
    invalid: [
      [['a'], 'type'],
      [{ 0: 1 }, 'type'],
    ],
  },
  prefixItems: {
    schema: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }], items: { type: 'boolean' } },
    valid: [[], ['a'], ['a', 1, true]],
    invalid: [
      [[1], 'type'],
      [['a', 1, 1], 'type'],
    ],
  },
  'items: false closes a tuple': {
    schema: { prefixItems: [{ type: 'string' }], items: false },
    valid: [['a']],
    invalid: [[['a', 1], 'maxItems']],
  },
  'a tuple as TypeBox writes it': {
    schema: { type: 'array', items: [{ type: 'string' }], additionalItems: false, minItems: 1 },
    valid: [['a']],
    invalid: [
      [[], 'minItems'],
      [['a', 1], 'maxItems'],
    ],
  },
  minItems: { schema: { type: 'array', minItems: 1 }, valid: [[1]], invalid: [[[], 'minItems']] },
  maxItems: { schema: { type: 'array', maxItems: 1 }, valid: [[1]], invalid: [[[1, 2], 'maxItems']] },
  'uniqueItems of primitives': {
    schema: { type: 'array', items: { type: ['integer', 'string'] }, uniqueItems: true },
    valid: [[1, '1']],
    invalid: [[[0, -0], 'uniqueItems']],
  },
  'uniqueItems of documents': {
    schema: { type: 'array', items: {}, uniqueItems: true },
    valid: [[{ a: 1 }, { a: 2 }, [1], '[1]', 1, true, null, 'null']],
    invalid: [
      [
        [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
        'uniqueItems',
      ],
    ],
  },
  contains: {
    schema: { type: 'array', contains: { type: 'integer' } },
    valid: [['a', 1]],
    invalid: [
      [[], 'contains'],
      [['a'], 'contains'],
    ],
  },
  'minContains, maxContains': {
    schema: { type: 'array', contains: { const: 1 }, minContains: 2, maxContains: 3 },
    valid: [
      [1, 1],
      [1, 'x', 1, 1],
    ],
    invalid: [
      [[1], 'minContains'],
      [[1, 1, 1, 1], 'maxContains'],
    ],
  },
  'minContains: 0': { schema: { contains: { const: 1 }, minContains: 0 }, valid: [[], 'x'], invalid: [] },
  'properties, required': {
    schema: object({ a: { type: 'string' }, b: { type: 'integer' } }, ['a']),
    valid: [{ a: 'x' }, { a: 'x', b: 1 }, { a: 'x', b: undefined }],
    invalid: [
      [{}, 'required'],
      [{ a: undefined }, 'required'],
      [{ a: 1 }, 'type'],
      [{ a: 'x', b: null }, 'type'],
      [[], 'type'],
      [null, 'type'],
    ],
  },
  'required without a description': {
    schema: { required: ['a'] },
    valid: [{ a: 1 }, 5, []],
    invalid: [
      [{ b: 1 }, 'required'],
      [{ toString: undefined }, 'required'],
    ],
  },
  patternProperties: {
    schema: { type: 'object', patternProperties: { '^x': { type: 'integer' } } },
    valid: [{ x1: 1 }],
    invalid: [[{ x1: 'a' }, 'type']],
  },
  'several patterns hold together': {
    schema: { type: 'object', patternProperties: { '^x': { type: 'integer' }, '1$': { minimum: 5 } } },
    valid: [{ x1: 5, x2: 0 }],
    invalid: [[{ x1: 4 }, 'minimum']],
  },
  'a pattern holds for a declared property too': {
    schema: { type: 'object', properties: { xa: { minimum: 1 } }, patternProperties: { '^x': { type: 'integer' } } },
    valid: [{ xa: 1 }],
    invalid: [
      [{ xa: 1.5 }, 'type'],
      [{ xa: 0 }, 'minimum'],
    ],
  },
  'additionalProperties: a schema': {
    schema: { type: 'object', additionalProperties: { type: 'integer' } },
    valid: [{ z: 1 }],
    invalid: [[{ z: 'a' }, 'type']],
  },
  propertyNames: {
    schema: { type: 'object', propertyNames: { enum: ['a', 'b'] }, additionalProperties: { type: 'integer' } },
    valid: [{ a: 1 }],
    invalid: [[{ c: 1 }, 'propertyNames']],
  },
  minProperties: {
    schema: { type: 'object', additionalProperties: true, minProperties: 1 },
    valid: [{ a: 1 }],
    invalid: [
      [{}, 'minProperties'],
      [{ a: undefined }, 'minProperties'],
    ],
  },
  maxProperties: {
    schema: { type: 'object', additionalProperties: true, maxProperties: 1 },
    valid: [{ a: 1 }],
    invalid: [[{ a: 1, b: 1 }, 'maxProperties']],
  },
  const: { schema: { const: 'k' }, valid: ['k'], invalid: [['K', 'const']] },
  'const: a document': {
    schema: { const: { a: [1] } },
    valid: [{ a: [1] }],
    invalid: [
      [{ a: [1], b: 1 }, 'const'],
      [{ a: [2] }, 'const'],
    ],
  },
  enum: {
    schema: { enum: ['a', 1, null, true] },
    valid: ['a', 1, null, true],
    invalid: [
      ['1', 'enum'],
      [false, 'enum'],
    ],
  },
  'enum: long': {
    schema: { enum: [...'abcdefghijkl'] },
    valid: ['l'],
    invalid: [
      ['m', 'enum'],
      [{}, 'enum'],
    ],
  },
  'enum beside type': { schema: { type: 'string', enum: ['a', 1] }, valid: ['a'], invalid: [[1, 'const']] },
  'enum beside other rules': {
    schema: { enum: ['a', 'bcd'], minLength: 2 },
    valid: ['bcd'],
    invalid: [['a', 'minLength']],
  },
  'anyOf by type': {
    schema: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    valid: ['a', ['a']],
    invalid: [
      [1, 'type'],
      [[1], 'type'],
    ],
  },
  'anyOf of literals is a list': {
    schema: { anyOf: [{ const: 'a' }, { const: 'b' }] },
    valid: ['b'],
    invalid: [['c', 'enum']],
  },
  'anyOf by tag': {
    schema: {
      anyOf: [
        object({ k: { const: 'a' }, x: { type: 'integer' } }, ['k', 'x']),
        object({ k: { enum: ['b', 'c'] } }, ['k']),
      ],
    },
    valid: [{ k: 'a', x: 1 }, { k: 'c' }],
    invalid: [
      [{ k: 'a' }, 'required'],
      [{ k: 'd' }, 'enum'],
      [{}, 'required'],
      ['a', 'type'],
    ],
  },
  'anyOf, undecided by type or tag': {
    schema: { anyOf: [object({ a: { type: 'integer' } }, ['a']), object({ b: { type: 'integer' } }, ['b'])] },
    valid: [{ a: 1 }, { b: 1 }, { a: 1, b: 1 }],
    invalid: [
      [{ a: 'x' }, 'anyOf'],
      [{}, 'anyOf'],
      [1, 'anyOf'],
    ],
  },
  oneOf: {
    schema: { oneOf: [{ type: 'integer' }, { type: 'number', minimum: 10 }] },
    valid: [1, 10.5],
    invalid: [
      [10, 'oneOf'],
      [1.5, 'oneOf'],
    ],
  },
  'oneOf of closed objects': {
    schema: {
      oneOf: [
        { ...(object({ a: {} }, ['a']) as object), additionalProperties: false },
        { ...(object({ a: {}, b: {} }, ['a', 'b']) as object), additionalProperties: false },
      ],
    },
    valid: [{ a: 1 }, { a: 1, b: 2 }],
    invalid: [[{ b: 1 }, 'oneOf']],
  },
  'allOf of objects': {
    schema: { allOf: [object({ a: { type: 'integer' } }, ['a']), object({ b: { type: 'integer' } }, ['b'])] },
    valid: [{ a: 1, b: 2 }],
    invalid: [
      [{ a: 1 }, 'required'],
      [{ a: 1, b: 'x' }, 'type'],
    ],
  },
  'allOf of strings': {
    schema: { type: 'string', allOf: [{ pattern: '^a' }, { pattern: 'z$' }] },
    valid: ['az'],
    invalid: [
      ['a', 'pattern'],
      ['z', 'pattern'],
    ],
  },
  'allOf that cannot be merged': {
    schema: { allOf: [object({ a: { type: 'integer' } }, ['a']), { additionalProperties: { type: 'integer' } }] },
    valid: [{ a: 1, b: 2 }],
    invalid: [
      [{ a: 1, b: 'x' }, 'type'],
      [{ b: 1 }, 'required'],
    ],
  },
  not: {
    schema: { type: 'string', not: { const: 'root' } },
    valid: ['user'],
    invalid: [
      ['root', 'not'],
      [1, 'type'],
    ],
  },
  'if, then, else': {
    schema: {
      ...(object({ country: { type: 'string' }, zip: { type: 'string' } }, ['country']) as object),
      if: { properties: { country: { const: 'US' } } },
      then: { required: ['zip'] },
      else: { properties: { zip: { maxLength: 3 } } },
    },
    valid: [{ country: 'US', zip: '12345' }, { country: 'CH' }, { country: 'CH', zip: '123' }],
    invalid: [
      [{ country: 'US' }, 'required'],
      [{ country: 'CH', zip: '1234' }, 'maxLength'],
    ],
  },
  '$ref to a definition': {
    schema: { $ref: '#/$defs/n', $defs: { n: { type: 'integer' } } },
    valid: [1],
    invalid: [['a', 'type']],
  },
  '$ref beside other rules': {
    schema: { $ref: '#/$defs/n', minimum: 5, $defs: { n: { type: 'integer' } } },
    valid: [5],
    invalid: [
      [4, 'minimum'],
      [5.5, 'type'],
    ],
  },
  '$ref with escapes': {
    schema: { $ref: '#/$defs/a~1b%20c', $defs: { 'a/b c': { type: 'integer' } } },
    valid: [5],
    invalid: [['x', 'type']],
  },
  '$ref to an $anchor': {
    schema: { $ref: '#n', $defs: { x: { $anchor: 'n', type: 'integer' } } },
    valid: [5],
    invalid: [['x', 'type']],
  },
  'a recursive $ref': {
    schema: object({ v: { type: 'integer' }, next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } }, ['v', 'next']),
    valid: [{ v: 1, next: { v: 2, next: null } }],
    invalid: [
      [{ v: 1, next: { v: 'x', next: null } }, 'type'],
      [{ v: 1, next: { v: 1 } }, 'required'],
    ],
  },
  'definitions that refer to each other, by tag': {
    schema: {
      $ref: '#/$defs/node',
      $defs: {
        node: { oneOf: [{ $ref: '#/$defs/leaf' }, { $ref: '#/$defs/pair' }] },
        leaf: object({ kind: { const: 'leaf' }, v: { type: 'integer' } }, ['kind', 'v']),
        pair: object({ kind: { const: 'pair' }, l: { $ref: '#/$defs/node' }, r: { $ref: '#/$defs/node' } }, [
          'kind',
          'l',
          'r',
        ]),
      },
    },
    valid: [
      {
        kind: 'pair',
        l: { kind: 'leaf', v: 1 },
        r: { kind: 'pair', l: { kind: 'leaf', v: 1 }, r: { kind: 'leaf', v: 1 } },
      },
    ],
    invalid: [[{ kind: 'pair', l: { kind: 'leaf', v: 1 }, r: { kind: 'x' } }, 'enum']],
  },
}

describe.each(['generate', 'interpret'] as const)('%s', (backEnd) => {
  test.each(Object.entries(cases))('%s', (_, { schema, valid, invalid }) => {
    for (const extras of ['strip', 'reject'] as const) {
      const compiled = compileWith(schema, { extras }, backEnd)
      for (const value of valid) {
        expect(compiled.explain(value)).toEqual([])
        expect(JSON.parse(compiled.stringify(value) as string)).toEqual(JSON.parse(JSON.stringify(value)))
      }
      for (const [value, rule] of invalid) {
        expect(compiled.copy(value), JSON.stringify(value)).toBe(INVALID)
        expect(compiled.explain(value)[0]?.rule, JSON.stringify(value)).toBe(rule)
      }
    }
  })

  test('strip drops what no part of the schema names, reject names it, true and schemas keep it', () => {
    const inner = { type: 'object', properties: { x: { type: 'integer' } }, additionalProperties: false }
    const schema = {
      type: 'object',
      properties: {
        a: inner,
        list: { type: 'array', items: inner },
        open: { type: 'object', additionalProperties: true },
      },
    }
    const value = {
      a: { x: 1, y: 2 },
      list: [{ z: 1 }],
      open: { any: { thing: 1 } },
      more: new Date(0),
      gone: undefined,
    }
    expect(compileWith(schema, { extras: 'strip' }, backEnd).copy(value)).toEqual({
      a: { x: 1 },
      list: [{}],
      open: { any: { thing: 1 } },
    })
    const rejected = compileWith(schema, { extras: 'reject' }, backEnd)
    expect(rejected.copy(value)).toBe(INVALID)
    expect(
      rejected
        .explain(value)
        .map(({ path, rule }) => `${rule} ${path}`)
        .sort(),
    ).toEqual(['additionalProperties /a/y', 'additionalProperties /list/0/z', 'additionalProperties /more'])
  })

  test('an intersection keeps the keys of all its members, an untagged union those of every branch that matches', () => {
    const a = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] }
    const ab = { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } }, required: ['a'] }
    const both = compileWith({ allOf: [a, { ...ab, properties: { b: {}, c: {} } }] }, { extras: 'strip' }, backEnd)
    expect(both.copy({ a: 1, b: 2, c: 3, d: 4 })).toEqual({ a: 1, b: 2, c: 3 })
    const union = compileWith({ anyOf: [a, ab] }, { extras: 'strip' }, backEnd)
    expect(union.copy({ a: 1, b: 2, z: 1 })).toEqual({ a: 1, b: 2 })
    expect(union.copy({ a: 1, b: 'x' })).toEqual({ a: 1 })
    const closed = compileWith({ anyOf: [a, ab] }, { extras: 'reject' }, backEnd)
    expect(closed.copy({ a: 1, b: 2 })).toEqual({ a: 1, b: 2 })
    expect(closed.explain({ a: 1, b: 'x' })).toMatchObject([{ path: '/b', rule: 'additionalProperties' }])
  })

  test('defaults fill what is absent, each time with a copy of their own', () => {
    const line = { type: 'object', properties: { quantity: { type: 'integer', default: 1 } } }
    const schema = {
      type: 'object',
      properties: {
        tags: { type: 'array', items: { type: 'string' }, default: ['new'] },
        line: { $ref: '#/$defs/line', default: {} },
        note: { type: ['string', 'null'], default: null },
      },
      $defs: { line },
    }
    const compiled = compileWith(schema, { extras: 'reject' }, backEnd)
    const first = compiled.copy({}) as { tags: string[]; line: object }
    expect(first).toEqual({ tags: ['new'], line: { quantity: 1 }, note: null })
    first.tags.push('mine')
    expect(compiled.copy({ tags: undefined, note: 'x', line: { quantity: 2 } })).toEqual({
      tags: ['new'],
      line: { quantity: 2 },
      note: 'x',
    })
    expect(compiled.explain({ tags: null })).toMatchObject([{ path: '/tags', rule: 'type' }])
  })
})
