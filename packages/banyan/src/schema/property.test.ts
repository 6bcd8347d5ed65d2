/**
 * Random schemas and random values: our verdict against Ajv's on the same JSON, the generated pass against the
 * interpreted one, the copy against its laws, the explanation against the verdict. Seeded: every run is the same, and a
 * longer one (BANYAN_SCHEMA_CASES=2000) begins with the same schemas.
 */
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { type Compiled, compileWith } from './compile.ts'
import { createRandom, type Json, type Random, randomSchema } from './fixtures/random-schema.ts'
import { randomValue } from './fixtures/random-value.ts'
import { formatNamed } from './format/format.ts'
import { INVALID } from './value.ts'

/** Random schemas in each of the tests: few enough for every run of the suite. */
const cases = Number(process.env['BANYAN_SCHEMA_CASES'] ?? 60)
if (!Number.isSafeInteger(cases) || cases < 20)
  throw new RangeError('BANYAN_SCHEMA_CASES must be a whole number of 20 or more: fewer schemas show nothing')

/** A multiple of what one schema takes, for a busy machine. */
const timeout = cases * 500

const formats = Object.fromEntries(['uuid', 'date-time', 'date'].map((name) => [name, formatNamed(name)!]))

function compileAjv(schema: object): (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false, formats, ownProperties: true, validateSchema: false, meta: false })
  const validate = ajv.compile(schema)
  return (value) => validate(value) as boolean
}

interface Passes {
  readonly generated: Compiled
  readonly interpreted: Compiled
}

const passes = (schema: Json, extras: 'strip' | 'reject'): Passes => ({
  generated: compileWith(schema, { extras }, 'generate'),
  interpreted: compileWith(schema, { extras }, 'interpret'),
})

/** What JSON makes of a value that has only JSON in it: undefined properties gone, -0 written as 0. */
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** The text with sorted keys: equality of values. */
const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )

/** `expect` costs more than a whole pass, and this runs tens of thousands of times. */
function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

function references(value: unknown, found = new Set<unknown>()): Set<unknown> {
  if (typeof value !== 'object' || value === null) return found
  must(!found.has(value), 'a value refers to one object twice')
  found.add(value)
  for (const inner of Object.values(value)) references(inner, found)
  return found
}

/** One value through one pair of passes; the common verdict's copy. */
function agree({ generated, interpreted }: Passes, value: unknown): unknown {
  const copy = generated.copy(value)
  const other = interpreted.copy(value)
  const text = generated.stringify(value)
  const issues = generated.explain(value)
  const valid = copy !== INVALID
  must((other !== INVALID) === valid, 'the back ends differ in their verdict')
  must(generated.check(value) === valid, 'check differs from copy')
  must((issues.length === 0) === valid, `explanation of a ${valid ? '' : 'in'}valid value: ${JSON.stringify(issues)}`)
  must(
    issues.every((issue) => issue.found.length <= 60),
    'an explanation shows too much',
  )
  must(valid ? text === JSON.stringify(copy) : text === INVALID, 'stringify differs from copy')
  if (!valid) return INVALID
  must(JSON.stringify(other) === JSON.stringify(copy), 'the back ends differ in their copy')
  const original = references(value)
  for (const reference of references(copy)) must(!original.has(reference), 'the copy shares an object with the value')
  return copy
}

function run(seed: number, plain: boolean, each: (random: Random, schema: Json) => void): void {
  for (let index = 0; index < cases; index++) {
    const random = createRandom(seed + index)
    const schema = randomSchema(random, plain)
    try {
      each(random, schema)
    } catch (error) {
      throw new Error(`seed ${seed + index}: ${JSON.stringify(schema)}`, { cause: error })
    }
  }
}

function compare(value: unknown, strip: Passes, reject: Passes, isValid: (value: unknown) => boolean): unknown {
  const json = asJson(value)
  try {
    const copy = agree(strip, value)
    must((copy !== INVALID) === isValid(json), `verdict ${String(copy !== INVALID)} differs from Ajv`)
    const whole = agree(reject, value)
    const keepsAll = copy !== INVALID && sorted(copy) === sorted(json)
    must((whole !== INVALID) === keepsAll, 'reject is not strip without loss')
    if (keepsAll) must(sorted(whole) === sorted(json), 'reject changed the value')
    return copy
  } catch (error) {
    throw new Error(`value ${JSON.stringify(value)}`, { cause: error })
  }
}

test(
  'every schema: same verdict as Ajv, both back ends, explained when invalid, rejected when something is lost',
  () => {
    let valid = 0
    let total = 0
    run(1, false, (random, schema) => {
      const isValid = compileAjv(schema)
      const strip = passes(schema, 'strip')
      const reject = passes(schema, 'reject')
      for (let index = 0; index < 40; index++) {
        const value = randomValue(random, schema, schema, index < 16 ? 0 : 0.08)
        total++
        if (compare(value, strip, reject, isValid) !== INVALID) valid++
      }
    })
    expect(valid / total).toBeGreaterThan(0.2)
    expect(valid / total).toBeLessThan(0.9)
  },
  timeout,
)

/** What 'reject' means in JSON Schema: no property that this schema or one beside it did not evaluate. */
function closed(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema
  const inPlace = (inner: unknown): unknown => {
    if (typeof inner !== 'object' || inner === null) return inner
    const s: Json = { ...(inner as Json) }
    for (const key of ['anyOf', 'oneOf', 'allOf']) if (s[key]) s[key] = (s[key] as unknown[]).map(inPlace)
    for (const key of ['properties', 'patternProperties', '$defs'])
      if (s[key]) s[key] = Object.fromEntries(Object.entries(s[key] as Json).map(([name, one]) => [name, closed(one)]))
    for (const key of ['items', 'additionalProperties']) if (s[key] !== undefined) s[key] = closed(s[key])
    if (s['prefixItems']) s['prefixItems'] = (s['prefixItems'] as unknown[]).map(closed)
    return s
  }
  const s = inPlace(schema) as Json
  return describesKeys(s) ? { ...s, unevaluatedProperties: false } : s
}

const describesKeys = (s: Json): boolean =>
  s['type'] === 'object' ||
  ['anyOf', 'oneOf', 'allOf'].some((key) => (s[key] as Json[] | undefined)?.some(describesKeys))

test(
  'schemas of one look: reject is unevaluatedProperties: false, and a copy satisfies its schema unchanged',
  () => {
    run(1_000_000, true, (random, schema) => {
      const isValid = compileAjv(schema)
      const isClosed = compileAjv(closed(schema) as object)
      const strip = passes(schema, 'strip')
      const reject = passes(schema, 'reject')
      for (let index = 0; index < 40; index++) {
        const value = randomValue(random, schema, schema, index < 16 ? 0 : 0.08)
        const copy = compare(value, strip, reject, isValid)
        const why = JSON.stringify(value)
        must(reject.generated.check(value) === isClosed(asJson(value)), `reject differs from Ajv: ${why}`)
        if (copy === INVALID) continue
        must(isClosed(copy), `the copy is not valid: ${why}`)
        must(JSON.stringify(reject.generated.copy(copy)) === JSON.stringify(copy), `a second copy differs: ${why}`)
      }
    })
  },
  timeout,
)

const foreign: readonly (() => unknown)[] = [
  () => new Date(0),
  () => 10n,
  () => Number.NaN,
  () => Number.POSITIVE_INFINITY,
  () => () => 1,
  () => Symbol('s'),
  () => new Map(),
  () =>
    new (class Point {
      x = 1
    })(),
  () => new Number(1),
  () => ({ toJSON: () => 'a' }),
  () => new Array(2),
  () => [undefined],
  () => '\ud800x',
  () => Object.create({ a: 1 }),
  () =>
    new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error('no')
        },
      },
    ),
]

/** Replaces one part of the value; false when there is none. */
function poison(random: Random, value: unknown, foreigner: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const keys = Object.keys(value).filter((key) => (value as Json)[key] !== undefined)
  if (keys.length === 0) return false
  const key = random.pick(keys)
  if (random.chance(0.6) && poison(random, (value as Json)[key], foreigner)) return true
  Object.defineProperty(value, key, { value: foreigner, enumerable: true, configurable: true, writable: true })
  return true
}

test(
  'something foreign anywhere that is kept refuses the value, in both back ends, with an explanation',
  () => {
    let refused = 0
    let total = 0
    run(2_000_000, false, (random, schema) => {
      const strip = passes(schema, 'strip')
      const reject = passes(schema, 'reject')
      for (let index = 0; index < 15; index++) {
        const value = randomValue(random, schema, schema, 0.02)
        if (!poison(random, value, random.pick(foreign)())) continue
        total++
        // Under 'reject' every place is looked at, so no foreign value can pass.
        must(agree(reject, value) === INVALID, 'something foreign passed')
        if (agree(strip, value) === INVALID) refused++
      }
    })
    expect(refused / total).toBeGreaterThan(0.5)
  },
  timeout,
)
