/** The schemas that TypeBox and Zod write compile, and mean what those libraries mean. */
import * as box from 'typebox'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { compileWith } from './compile.ts'
import type { JsonSchema } from './json-schema.ts'
import { INVALID } from './value.ts'

type Row = readonly [string, unknown, readonly unknown[], readonly unknown[]]

const typebox: readonly Row[] = [
  [
    'Object',
    box.Object({ a: box.String(), b: box.Optional(box.Integer({ default: 3 })) }, { additionalProperties: false }),
    [{ a: 'x', b: 1 }],
    [{}, { a: 1 }],
  ],
  ['Union of literals', box.Union([box.Literal('a'), box.Literal(1), box.Null()]), ['a', 1, null], ['b', 2]],
  [
    'Union of objects',
    box.Union([box.Object({ k: box.Literal('a'), x: box.Number() }), box.Object({ k: box.Literal('b') })]),
    [{ k: 'a', x: 1 }, { k: 'b' }],
    [{ k: 'a' }, { k: 'c' }],
  ],
  [
    'Intersect',
    box.Intersect([box.Object({ a: box.String() }), box.Object({ b: box.Number() })], { unevaluatedProperties: false }),
    [{ a: 'x', b: 1 }],
    [{ a: 'x' }],
  ],
  ['Record', box.Record(box.String(), box.Number()), [{ a: 1, 'b c': 2 }, {}], [{ a: 'x' }]],
  [
    'Record of an enum',
    box.Record(box.Union([box.Literal('a'), box.Literal('b')]), box.Number()),
    [{ a: 1, b: 2 }],
    [{ a: 1 }],
  ],
  ['Record of integers', box.Record(box.Integer(), box.Number()), [{ 1: 1 }], [{ 1: 'x' }]],
  ['Tuple', box.Tuple([box.String(), box.Number()]), [['a', 1]], [['a'], ['a', 1, 2], [1, 'a']]],
  ['Enum', box.Enum({ A: 1, B: 'x' }), [1, 'x'], ['A']],
  [
    'Unknown, Any',
    box.Object({ a: box.Unknown(), b: box.Optional(box.Any()) }),
    [{ a: null }, { a: [1], b: {} }],
    [{}],
  ],
  ['Never', box.Never(), [], [1, null, {}]],
  ['TemplateLiteral', box.TemplateLiteral(`order-$` + '{number}'), ['order-12'], ['order-x']],
  ['Array', box.Array(box.String(), { uniqueItems: true, minItems: 1 }), [['a', 'b']], [[], ['a', 'a']]],
  ['Partial, Readonly', box.Partial(box.Object({ a: box.Readonly(box.Boolean()) })), [{}, { a: true }], [{ a: 1 }]],
  [
    'Cyclic',
    box.Cyclic({ Node: box.Object({ v: box.Number(), next: box.Optional(box.Ref('Node')) }) }, 'Node'),
    [{ v: 1, next: { v: 2 } }],
    [{ v: 1, next: {} }],
  ],
  [
    'Module',
    box.Module({ A: box.Object({ b: box.Array(box.Ref('B')) }), B: box.Object({ a: box.Optional(box.Ref('A')) }) }).A,
    [{ b: [{ a: { b: [] } }] }],
    [{ b: [{ a: {} }] }],
  ],
  ['Unsafe', box.Unsafe<string>({ type: 'string', maxLength: 2 }), ['ab'], ['abc']],
]

const Tree = z.object({
  v: z.number(),
  get children() {
    return z.array(Tree)
  },
})

const zod: readonly Row[] = [
  [
    'object',
    z.object({
      a: z.string().min(1),
      b: z.int(),
      c: z.number().gt(1).multipleOf(2).optional(),
      d: z.boolean().nullable(),
    }),
    [{ a: 'x', b: 1, d: null }],
    [
      { a: '', b: 1, d: true },
      { a: 'x', b: 2 ** 60, d: true },
    ],
  ],
  ['strictObject', z.strictObject({ a: z.any() }), [{ a: 1 }], [{}]],
  ['looseObject', z.looseObject({ a: z.unknown() }), [{ a: 1, more: { x: 1 } }], [{ more: 1 }]],
  ['record', z.record(z.string(), z.number()), [{ a: 1 }], [{ a: 'x' }]],
  ['record of an enum', z.record(z.enum(['a', 'b']), z.number()), [{ a: 1, b: 1 }], [{ a: 1 }]],
  ['partialRecord', z.partialRecord(z.enum(['a', 'b']), z.number()), [{}, { a: 1 }], [{ c: 1 }]],
  [
    'discriminatedUnion',
    z.discriminatedUnion('k', [z.object({ k: z.literal('a'), x: z.string() }), z.object({ k: z.literal(['b', 'c']) })]),
    [{ k: 'a', x: '' }, { k: 'c' }],
    [{ k: 'a' }, { k: 'd' }],
  ],
  ['union', z.union([z.string(), z.array(z.string())]), ['a', ['a']], [1, [1]]],
  [
    'intersection',
    z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() })),
    [{ a: 'x', b: 'y' }],
    [{ a: 'x' }],
  ],
  ['tuple', z.tuple([z.string()]).rest(z.number()), [['a'], ['a', 1]], [[], ['a', 'b']]],
  ['tuple with optional', z.tuple([z.string(), z.number().optional()]), [['a'], ['a', 1]], [['a', 1, 2]]],
  ['literals', z.literal([1, 'a', null]), [1, 'a', null], ['b']],
  ['templateLiteral', z.templateLiteral(['order-', z.number()]), ['order-12'], ['order-x']],
  ['never', z.never(), [], [1]],
  ['recursive', Tree, [{ v: 1, children: [{ v: 2, children: [] }] }], [{ v: 1, children: [{ v: 2 }] }]],
  ['json', z.json(), [{ a: [1, { b: null }] }, 'x'], []],
  ['string checks', z.string().startsWith('a').includes('b').endsWith('c').lowercase(), ['abc'], ['ac', 'aBc']],
  ['email', z.email(), ['a@b.co'], ['a']],
  ['uuid', z.uuid(), ['01234567-89ab-4def-8123-456789012345'], ['x']],
  [
    'iso',
    z.tuple([z.iso.datetime(), z.iso.date(), z.iso.time(), z.iso.duration()]),
    [['2024-02-29T00:00:00Z', '2024-02-29', '10:00', 'P1D']],
    [['2023-02-29T00:00:00Z', '2024-02-29', '10:00', 'P1D']],
  ],
  [
    'network',
    z.tuple([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6(), z.mac(), z.url(), z.hostname()]),
    [['1.2.3.4', '::1', '10.0.0.0/8', 'fe80::/10', '00:1A:2B:3C:4D:5E', 'https://a.b/c', 'a.b']],
    [['1.2.3', '::1', '10.0.0.0/8', 'fe80::/10', '00:1A:2B:3C:4D:5E', 'https://a.b', 'a.b']],
  ],
  [
    'tokens',
    z.tuple([
      z.base64(),
      z.base64url(),
      z.e164(),
      z.jwt(),
      z.cuid2(),
      z.nanoid(),
      z.ulid(),
      z.xid(),
      z.ksuid(),
      z.emoji(),
      z.guid(),
      z.hex(),
    ]),
    [
      [
        'YQ==',
        'YQ',
        '+4179000000',
        'YQ.YQ.YQ',
        'abc',
        'a'.repeat(21),
        '01ARZ3NDEKTSV4RRFFQ69G5FAV',
        '9m4e2mr0ui3e8a215n4g',
        '1srOrx2ZWZBpBUvZwXKQmoEYga2',
        '😀',
        '01234567-89ab-4def-8123-456789012345',
        'ff',
      ],
    ],
    [],
  ],
  ['default', z.object({ n: z.number().default(3) }), [{ n: 1 }], [{ n: 'x' }]],
  [
    'named parts',
    z.object({ a: z.string().meta({ id: 'SchemaTestPart', title: 'Part', examples: ['x'] }) }),
    [{ a: 'x' }],
    [{}],
  ],
]

const jsonOf = (schema: unknown): JsonSchema => {
  const standard = (schema as { '~standard'?: { jsonSchema?: { input(options: object): JsonSchema } } })['~standard']
  return standard?.jsonSchema?.input({ target: 'draft-2020-12' }) ?? (schema as JsonSchema)
}

describe.each(['generate', 'interpret'] as const)('%s', (backEnd) => {
  test.each(typebox.concat(zod))('%s', (_, schema, valid, invalid) => {
    for (const extras of ['strip', 'reject'] as const) {
      const compiled = compileWith(jsonOf(schema), { extras }, backEnd)
      for (const value of valid) {
        expect(compiled.explain(value)).toEqual([])
        expect(compiled.copy(value)).toMatchObject(
          value === null || typeof value !== 'object' ? (value as never) : value,
        )
      }
      for (const value of invalid) expect(compiled.copy(value), JSON.stringify(value)).toBe(INVALID)
    }
  })

  test('a default is filled as TypeBox and Zod write it', () => {
    const schemas = [
      box.Object({ n: box.Optional(box.Integer({ default: 3 })) }),
      z.object({ n: z.number().default(3) }),
    ]
    for (const schema of schemas)
      expect(compileWith(jsonOf(schema), { extras: 'reject' }, backEnd).copy({})).toEqual({ n: 3 })
  })
})
