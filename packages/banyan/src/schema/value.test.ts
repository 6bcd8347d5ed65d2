/** The value model, with schemas and without: what is refused, what is changed, what cannot be tricked. */
import { describe, expect, test } from 'vitest'
import { compileWith } from './compile.ts'
import { isolate } from './isolate.ts'
import { INVALID } from './value.ts'

const refused: Readonly<Record<string, () => unknown>> = {
  Date: () => new Date(0),
  bigint: () => 1n,
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  function: () => () => 1,
  symbol: () => Symbol('s'),
  Map: () => new Map(),
  Set: () => new Set(),
  RegExp: () => /x/,
  Error: () => new Error('x'),
  Promise: () => Promise.resolve(1),
  'typed array': () => new Uint8Array(1),
  'class instance': () => new (class Point {})(),
  'object with a prototype': () => Object.create({ a: 1 }),
  'boxed number': () => new Number(1),
  'boxed string': () => new String('a'),
  'object with toJSON': () => ({ toJSON: () => 'a' }),
  'array with toJSON': () => Object.assign([1], { toJSON: () => 'a' }),
  'array subclass': () => new (class List extends Array {})(),
  'sparse array': () => new Array(3),
  'array with undefined': () => [undefined],
  'lone surrogate': () => 'a\ud800',
  'lone surrogate in a name': () => ({ '\udc00': 1 }),
  'throwing getter': () => ({
    get a() {
      throw new Error('secret')
    },
  }),
  'throwing proxy': () =>
    new Proxy(
      {},
      {
        getPrototypeOf() {
          throw new Error('no')
        },
      },
    ),
  'revoked proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  },
  cycle: () => {
    const self: Record<string, unknown> = {}
    self['self'] = self
    return self
  },
}

const nested = (levels: number): unknown => {
  let value: unknown = []
  for (let level = 1; level < levels; level++) value = [value]
  return value
}

describe('isolate', () => {
  test.each(Object.entries(refused))('refuses: %s', (_, make) => {
    expect(isolate(make())).toBe(INVALID)
    expect(isolate({ deep: [make()] })).toBe(INVALID)
  })

  test('refuses undefined at the top, and drops it from objects', () => {
    expect(isolate(undefined)).toBe(INVALID)
    expect(Object.keys(isolate({ a: undefined, b: 1 }) as object)).toEqual(['b'])
  })

  test('copies everything JSON, sharing nothing', () => {
    const value = { a: [1, 'é😀', null, true, { b: {} }] }
    const copy = isolate(value) as typeof value
    expect(copy).toEqual(value)
    expect(copy).not.toBe(value)
    expect(copy.a).not.toBe(value.a)
    expect(copy.a[4]).not.toBe(value.a[4])
  })

  test('a part used twice becomes two', () => {
    const part = { x: 1 }
    const copy = isolate([part, part]) as object[]
    expect(copy[0]).not.toBe(copy[1])
  })

  test('64 levels pass, 65 do not, and a million do not overflow the stack', () => {
    expect(isolate(nested(64))).not.toBe(INVALID)
    expect(isolate(nested(65))).toBe(INVALID)
    expect(isolate(nested(1_000_000))).toBe(INVALID)
  })
})

const anyRecord = { type: 'object', additionalProperties: true }
const shaped = {
  type: 'object',
  properties: { v: { type: ['string', 'number', 'object', 'array', 'null', 'boolean'] } },
  required: ['v'],
}
const judged = { type: 'object', properties: { v: { not: { const: 'never' } } }, required: ['v'] }

describe.each(['generate', 'interpret'] as const)('%s', (backEnd) => {
  const strip = (schema: object) => compileWith(schema as never, { extras: 'strip' }, backEnd)
  const reject = (schema: object) => compileWith(schema as never, { extras: 'reject' }, backEnd)

  test.each(Object.entries(refused))('refuses where it is kept, and says so: %s', (name, make) => {
    for (const schema of [anyRecord, shaped, judged]) {
      const compiled = strip(schema)
      const value = { v: make() }
      expect(compiled.copy(value), JSON.stringify(schema)).toBe(INVALID)
      expect(compiled.check(value)).toBe(false)
      expect(compiled.stringify(value)).toBe(INVALID)
      const [issue] = compiled.explain(value)
      expect(issue?.path.startsWith('/v')).toBe(true)
      expect(issue?.rule, name).toBe(/sparse|undefined/.test(name) ? 'required' : 'json')
      expect(JSON.stringify(issue)).not.toContain('secret')
    }
  })

  test.each(Object.entries(refused))('does not look where nothing is kept: %s', (_, make) => {
    expect(strip({ type: 'object', properties: { a: {} } }).copy({ a: 1, extra: make() })).toEqual({ a: 1 })
  })

  test('objects without a prototype pass, and become ordinary ones', () => {
    const value = Object.assign(Object.create(null), { v: 'a' })
    expect(Object.getPrototypeOf(strip(shaped).copy(value))).toBe(Object.prototype)
  })

  test('-0 becomes 0', () => {
    const schema = { type: 'array', items: { anyOf: [{ type: 'number' }, { type: 'array', items: { enum: [0, 1] } }] } }
    const copy = strip(schema).copy([-0, [-0]]) as [number, [number]]
    expect(Object.is(copy[0], 0) && Object.is(copy[1][0], 0)).toBe(true)
  })

  test('every property is read once: what was validated is what is copied', () => {
    const schema = {
      type: 'object',
      properties: {
        plain: { enum: ['EUR'] },
        either: {
          anyOf: [
            { type: 'string', maxLength: 3 },
            { type: 'string', pattern: '^x' },
          ],
        },
        judged: { not: { const: 'bad' } },
        tagged: {
          anyOf: ['a', 'b'].map((kind) => ({
            type: 'object',
            properties: { kind: { const: kind }, v: {} },
            required: ['kind'],
          })),
        },
      },
      required: ['plain'],
    }
    const reads: Record<string, number> = {}
    const changing = (name: string, first: unknown): PropertyDescriptor => ({
      enumerable: true,
      get: () => {
        reads[name] = (reads[name] ?? 0) + 1
        return reads[name] === 1 ? first : 'bad'
      },
    })
    const tagged = Object.defineProperties({}, { kind: changing('kind', 'b'), v: changing('v', 1) })
    const value = Object.defineProperties(
      { tagged },
      { plain: changing('plain', 'EUR'), either: changing('either', 'abc'), judged: changing('judged', 'good') },
    )
    expect(strip(schema).copy(value)).toEqual({
      plain: 'EUR',
      either: 'abc',
      judged: 'good',
      tagged: { kind: 'b', v: 1 },
    })
    expect(reads).toEqual({ plain: 1, either: 1, judged: 1, kind: 1, v: 1 })
  })

  test('a judged object is read once too, however many branches look at it', () => {
    let reads = 0
    const value = {
      get a() {
        return ++reads === 1 ? 1 : 'x'
      },
    }
    const branch = (type: string) => ({ type: 'object', properties: { a: { type } }, required: ['a'] })
    expect(reject({ anyOf: [branch('string'), branch('integer'), branch('number')] }).copy(value)).toEqual({ a: 1 })
    expect(reads).toBe(1)
  })

  test('__proto__ pollutes nothing', () => {
    const value = JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":{"polluted":1}}}')
    for (const schema of [
      anyRecord,
      { type: 'object', properties: { a: {} }, additionalProperties: {} },
      { not: { type: 'null' } },
    ]) {
      const copy = strip(schema).copy(value) as Record<string, unknown>
      expect(JSON.stringify(copy)).toContain('"__proto__":{"polluted":1}')
      expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
      expect('polluted' in copy).toBe(false)
    }
    const declared = { type: 'object', properties: JSON.parse('{"__proto__":{"type":"integer"}}') }
    expect(JSON.stringify(strip(declared).copy(JSON.parse('{"__proto__":5}')))).toBe('{"__proto__":5}')
    expect(JSON.stringify(strip(declared).copy({}))).toBe('{}')
    expect(strip({ ...declared, required: ['__proto__'] }).copy({})).toBe(INVALID)
  })

  test('inherited names are no properties', () => {
    const names = ['constructor', 'toString', 'valueOf', 'hasOwnProperty']
    const schema = { type: 'object', properties: Object.fromEntries(names.map((name) => [name, {}])) }
    expect(reject(schema).copy({})).toEqual({})
    for (const name of names) {
      expect(strip({ ...schema, required: [name] }).explain({})).toMatchObject([{ path: `/${name}`, rule: 'required' }])
      expect(reject(schema).copy({ [name]: 1 })).toEqual({ [name]: 1 })
      expect(reject({ type: 'object', properties: {} }).explain({ [name]: 1 })).toMatchObject([{ path: `/${name}` }])
    }
  })

  test('own properties that are not enumerable are read when a schema names them, and only then', () => {
    const value = Object.defineProperty({}, 'v', { value: 'a', enumerable: false })
    for (const compiled of [strip(shaped), reject(shaped), strip({ ...shaped, minProperties: 1 })]) {
      expect(compiled.copy(value)).toEqual({ v: 'a' })
      expect(compiled.explain(value)).toEqual([])
      expect(compiled.stringify(value)).toBe('{"v":"a"}')
    }
    expect(strip(anyRecord).copy(value)).toEqual({})
  })

  test('integer-like names come first in the text as in the object', () => {
    const schema = { type: 'object', properties: { b: {}, 2: {}, 1: {} }, required: ['b', '1'] }
    const compiled = strip(schema)
    const value = { b: 0, 2: 0, 1: 0 }
    expect(compiled.stringify(value)).toBe('{"1":0,"2":0,"b":0}')
    expect(compiled.stringify(value)).toBe(JSON.stringify(compiled.copy(value)))
  })

  test('a recursive schema ends at 64 turns, with a rule of its own', () => {
    const schema = { type: 'object', properties: { next: { $ref: '#' } } }
    const chain = (length: number): object => {
      let value: object = {}
      for (let index = 1; index < length; index++) value = { next: value }
      return value
    }
    expect(strip(schema).check(chain(64))).toBe(true)
    expect(strip(schema).explain(chain(65))).toMatchObject([{ rule: 'depth' }])
    expect(strip(schema).check(chain(100_000))).toBe(false)
    expect(strip(schema).explain(chain(100_000)).length).toBe(1)
  })

  test('cycles end', () => {
    const self: Record<string, unknown> = { v: 1 }
    self['next'] = self
    self['list'] = [self]
    const next = { type: 'object', properties: { next: { $ref: '#' } } }
    const untagged = {
      anyOf: [
        { type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] },
        { type: 'object', properties: { other: {} }, required: ['other'] },
      ],
    }
    for (const schema of [next, untagged, anyRecord]) {
      expect(strip(schema).copy(self)).toBe(INVALID)
      expect(strip(schema).explain(self)).not.toEqual([])
    }
    expect(strip(next).explain(self)[0]?.message).toContain('contains itself')
    expect(strip({ type: 'object', properties: { v: {} } }).copy(self)).toEqual({ v: 1 })
  })

  test('an untagged recursive union costs no more than its size', () => {
    const branch = (key: string) => ({
      type: 'object',
      properties: { child: { $ref: '#' }, [key]: { type: 'integer' } },
    })
    const compiled = strip({ anyOf: [branch('a'), branch('b'), branch('c')] })
    let value: object = { a: 'wrong', b: 'wrong', c: 'wrong' }
    for (let level = 0; level < 50; level++) value = { child: value }
    expect(compiled.copy(value)).toBe(INVALID)
  })

  test('a huge array is copied; a huge sparse one is refused at its first hole', () => {
    const compiled = strip({ type: 'array', items: { type: 'integer' } })
    const large = Array.from({ length: 200_000 }, (_, index) => index)
    expect((compiled.copy(large) as number[]).length).toBe(200_000)
    const sparse = new Array(2 ** 32 - 1)
    expect(compiled.copy(sparse)).toBe(INVALID)
    expect(compiled.explain(sparse)).toMatchObject([{ path: '/0', rule: 'required' }])
    expect(strip({ type: 'array', items: {}, uniqueItems: true }).copy(sparse)).toBe(INVALID)
  })

  test('the text of a schema cannot become code', () => {
    const evil = `"]);globalThis.hacked=1;//\u2028\n\`$` + '{globalThis.hacked=1}`\\'
    const schema = {
      type: 'object',
      properties: {
        [evil]: { enum: [evil, `'${evil}`] },
        p: { type: 'string', pattern: evil.replace(/[[\](){}]/g, '').replace(/\\/g, '') },
      },
      required: [evil],
      additionalProperties: { const: evil },
    }
    const compiled = reject(schema)
    expect(compiled.copy({ [evil]: evil, more: evil })).toEqual({ [evil]: evil, more: evil })
    expect((globalThis as { hacked?: unknown }).hacked).toBe(undefined)
  })
})
