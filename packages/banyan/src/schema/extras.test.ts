/** What a copy keeps, drops and fills. Both back ends. */
import { describe, expect, test } from 'vitest'
import { compileWith } from './compile.ts'
import { INVALID } from './value.ts'

describe.each(['generate', 'interpret'] as const)('%s', (backEnd) => {
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
