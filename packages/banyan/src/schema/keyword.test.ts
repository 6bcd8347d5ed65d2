/** Each keyword of one value: what it accepts, what it refuses, and the rule that is named for it. */
import { type KeywordCase, object, testCases } from './fixtures/keyword-cases.ts'

const cases: Readonly<Record<string, KeywordCase>> = {
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
}

testCases(cases)
