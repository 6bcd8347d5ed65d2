/** Keywords that combine schemas: what each accepts, refuses, and the rule that is named for it. */
import { type KeywordCase, object, testCases } from './fixtures/keyword-cases.ts'

const cases: Readonly<Record<string, KeywordCase>> = {
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

testCases(cases)
