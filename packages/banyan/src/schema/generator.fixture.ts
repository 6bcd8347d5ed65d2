/** Seeded random schemas and values for the property test: the same seed is the same run. */
export interface Random {
  below(limit: number): number
  chance(probability: number): boolean
  pick<Item>(items: readonly Item[]): Item
}

/** mulberry32: small, fast, and good enough to choose test cases. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    below,
    chance: (probability) => next() < probability,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
  }
}

export type Json = Record<string, unknown>

// No name that objects inherit (__proto__, toString …): Ajv misjudges objects that have them. Their tests are explicit.
const names = ['a', 'b', 'c', 'dé', 'e-"f', '1', '\u2028']

/** `plain`: only schemas that are decided in one look; otherwise everything. */
export function randomSchema(random: Random, plain: boolean): Json {
  const schema = randomObject(random, 0, plain)
  const recursive = random.chance(0.3)
  if (recursive) setOwnValue(schema['properties'] as Json, 'next', { $ref: random.chance(0.5) ? '#' : '#/$defs/node' })
  schema['$defs'] = {
    node: { type: 'object', properties: { v: { type: 'integer' }, next: { $ref: '#/$defs/node' } }, required: ['v'] },
    name: { type: 'string', minLength: 1 },
  }
  return schema
}

function located(random: Random, depth: number, plain: boolean): Json {
  if (depth > 2) return scalar(random)
  const kinds = [scalar, scalar, randomObject, array, tuple, record, nullable, tagged, merged, several, reference]
  const general = [untagged, negated, conditional, containing, unique, exclusive, half]
  const make = random.pick(plain ? kinds : [...kinds, ...general])
  return make(random, depth + 1, plain)
}

function scalar(random: Random): Json {
  return random.pick<() => Json>([
    () => ({ type: 'string' }),
    () => ({ type: 'string', minLength: 2, maxLength: 4 }),
    () => ({ type: 'string', pattern: '^[a-c]+$' }),
    () => ({ type: 'string', format: random.pick(['uuid', 'date-time', 'date']) }),
    () => ({ type: 'number' }),
    () => ({ type: 'number', minimum: 0, exclusiveMaximum: 10 }),
    () => ({ type: 'integer', exclusiveMinimum: -2, maximum: 5 }),
    () => ({ type: 'number', multipleOf: random.pick([2, 0.5]) }),
    () => ({ type: 'boolean' }),
    () => ({ type: 'null' }),
    () => ({ enum: ['a', 'b"', 'c', null] }),
    () => ({ type: 'string', const: 'k' }),
    () => ({ enum: [0, 1, 2] }),
    () => ({ enum: [{ x: 1 }, [0, 'q'], 3] }),
    () => ({ type: ['string', 'integer'], minLength: 1, minimum: 1 }),
    () => ({}),
  ])()
}

export function setOwnValue(target: Json, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
}

function randomObject(random: Random, depth: number, plain: boolean): Json {
  const properties: Json = {}
  const keys = names.filter(() => random.chance(0.3))
  for (const key of keys) setOwnValue(properties, key, located(random, depth + 1, plain))
  const required = keys.filter(() => random.chance(0.5))
  const schema: Json = { type: 'object', properties, required }
  if (random.chance(0.15)) schema['additionalProperties'] = random.pick([true, {}, { type: 'integer' }])
  if (random.chance(0.15)) schema['patternProperties'] = { '^p': located(random, depth + 2, plain) }
  return schema
}

function array(random: Random, depth: number, plain: boolean): Json {
  const bounds = random.chance(0.3) ? { minItems: 1, maxItems: 3 } : {}
  return { type: 'array', items: located(random, depth, plain), ...bounds }
}

function tuple(random: Random, depth: number, plain: boolean): Json {
  const prefixItems = [located(random, depth, plain), located(random, depth, plain)]
  return { type: 'array', prefixItems, ...(random.chance(0.5) && { items: random.pick([false, { type: 'boolean' }]) }) }
}

function record(random: Random, depth: number, plain: boolean): Json {
  const bounds = random.chance(0.3) ? { minProperties: 1, maxProperties: 2 } : {}
  const keyed = random.chance(0.3) ? { propertyNames: { type: 'string', pattern: '^[a-z0-9]' } } : {}
  return { type: 'object', additionalProperties: located(random, depth, plain), ...bounds, ...keyed }
}

function nullable(random: Random, depth: number, plain: boolean): Json {
  return { anyOf: [random.pick([scalar, randomObject])(random, depth, plain), { type: 'null' }] }
}

function tagged(random: Random, depth: number, plain: boolean): Json {
  const branch = (kind: string): Json => {
    const object = randomObject(random, depth, plain)
    object['properties'] = { ...(object['properties'] as Json), kind: { const: kind } }
    return { ...object, required: [...(object['required'] as string[]), 'kind'] }
  }
  return {
    [random.pick(['anyOf', 'oneOf'])]: [branch('x'), branch('y'), ...(random.chance(0.3) ? [{ type: 'string' }] : [])],
  }
}

function merged(random: Random, depth: number): Json {
  const part = (key: string): Json => ({
    type: 'object',
    properties: { [key]: scalar(random), both: { type: 'number' } },
    ...(random.chance(0.5) && { required: [key] }),
  })
  return random.chance(0.8) ? { allOf: [part('m'), part('n')] } : { allOf: [scalar(random)], title: `depth ${depth}` }
}

function several(random: Random): Json {
  return {
    anyOf: [{ type: 'string', maxLength: 2 }, { type: 'string', pattern: '^x' }, { type: 'integer' }],
    ...(random.chance(0.3) && { type: 'string' }),
  }
}

function reference(random: Random): Json {
  return random.pick<Json>([{ $ref: '#/$defs/name' }, { $ref: '#/$defs/node' }, { $ref: '#/$defs/name', maxLength: 3 }])
}

function untagged(random: Random, depth: number, plain: boolean): Json {
  return {
    anyOf: [randomObject(random, depth, plain), randomObject(random, depth, plain), located(random, depth, plain)],
  }
}

function exclusive(random: Random, depth: number, plain: boolean): Json {
  return { oneOf: [located(random, depth, plain), located(random, depth, plain)] }
}

function negated(random: Random, depth: number, plain: boolean): Json {
  return { ...located(random, depth, plain), not: located(random, depth, plain) }
}

function conditional(random: Random, depth: number, plain: boolean): Json {
  const object = randomObject(random, depth, plain)
  return {
    ...object,
    if: { properties: { a: scalar(random) }, required: ['a'] },
    ...(random.chance(0.7) && { then: { required: ['b'] } }),
    ...(random.chance(0.7) && { else: { properties: { c: scalar(random) } } }),
  }
}

function containing(random: Random, depth: number, plain: boolean): Json {
  // Always with a maximum: Ajv keeps the last array's answer for an empty one when `contains` stands alone in a loop.
  const bounds = { minContains: random.below(3), maxContains: 2 }
  return { ...random.pick([array(random, depth, plain), { type: 'array' }]), contains: scalar(random), ...bounds }
}

function unique(random: Random, depth: number, plain: boolean): Json {
  return { ...array(random, depth, plain), uniqueItems: true }
}

/** Rules without a `type`: they hold for some types and say nothing about the others. */
function half(random: Random, depth: number, plain: boolean): Json {
  return random.pick<() => Json>([
    () => ({ minLength: 2, maximum: 3 }),
    () => ({ required: ['a'] }),
    () => ({ properties: { a: located(random, depth, plain) } }),
    () => ({ items: located(random, depth, plain) }),
    () => ({ allOf: [located(random, depth, plain), located(random, depth, plain)] }),
  ])()
}

const jsonValues = [
  '',
  'a',
  'ab',
  'abc',
  'k',
  'b"',
  'x',
  '😀😀',
  '\u2028\n\\',
  0,
  -0,
  1,
  2,
  3,
  -1,
  0.5,
  1.5,
  1e20,
  true,
  false,
  null,
]

export function randomJson(random: Random, depth = 0): unknown {
  if (depth > 2 || random.chance(0.6)) return random.pick(jsonValues)
  if (random.chance(0.5)) return Array.from({ length: random.below(4) }, () => randomJson(random, depth + 1))
  const made: Json = {}
  for (const key of names) if (random.chance(0.25)) setOwnValue(made, key, randomJson(random, depth + 1))
  return made
}

const byFormat: Json = {
  uuid: '01234567-89ab-4def-8123-456789012345',
  'date-time': '2024-02-29T03:04:05.678Z',
  date: '2024-02-29',
}

/** A value that tends to satisfy `schema`; `noise` is the chance of something else at any place. */
export function randomValue(random: Random, root: Json, schema: unknown, noise: number, depth = 0): unknown {
  if (random.chance(noise) || depth > 12 || typeof schema !== 'object' || schema === null) return randomJson(random, 1)
  const s = schema as Json
  const inner = (other: unknown, key = depth + 1): unknown => randomValue(random, root, other, noise, key)
  if (typeof s['$ref'] === 'string')
    return inner(s['$ref'] === '#' ? root : (root['$defs'] as Json)[s['$ref'].slice('#/$defs/'.length)])
  if (s['anyOf'] ?? s['oneOf']) return inner(random.pick((s['anyOf'] ?? s['oneOf']) as unknown[]))
  if (Array.isArray(s['allOf'])) return allOf(s['allOf'].map((member) => inner(member)))
  if (Array.isArray(s['enum'])) return structuredClone(random.pick(s['enum']))
  if ('const' in s) return s['const']
  const type = Array.isArray(s['type']) ? random.pick(s['type'] as string[]) : s['type']
  switch (type ?? (s['properties'] ? 'object' : s['items'] ? 'array' : '')) {
    case 'null':
      return null
    case 'boolean':
      return random.chance(0.5)
    case 'integer':
      return random.pick([0, -0, 1, 2, 5])
    case 'number':
      return random.pick([0, -0, 0.5, 1, 9.5, 1e-7, 4])
    case 'string':
      return s['format'] ? byFormat[s['format'] as string] : random.pick(['ab', 'abc', 'k', 'x', '😀é', 'q"\\\n'])
    case 'array':
      return randomArray(random, s, inner)
    case 'object':
      return randomRecord(random, s, inner, noise)
    default:
      return randomJson(random)
  }
}

function allOf(values: readonly unknown[]): unknown {
  const records = values.filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
  return records.length === values.length ? Object.assign({}, ...records) : values[0]
}

function randomArray(random: Random, schema: Json, inner: (schema: unknown) => unknown): unknown[] {
  const prefix = (schema['prefixItems'] as unknown[] | undefined) ?? []
  const length = random.below(4)
  return Array.from({ length }, (_, index) => inner(prefix[index] ?? schema['items'] ?? {}))
}

function randomRecord(random: Random, schema: Json, inner: (schema: unknown) => unknown, noise: number): Json {
  const made: Json = {}
  const required = (schema['required'] as string[] | undefined) ?? []
  for (const [key, property] of Object.entries((schema['properties'] as Json | undefined) ?? {})) {
    if (required.includes(key) ? random.chance(noise / 2) : random.chance(0.4)) continue
    setOwnValue(made, key, inner(property))
  }
  if (schema['additionalProperties'] !== undefined)
    for (const key of ['r1', 'zz', '7'])
      if (random.chance(0.5)) setOwnValue(made, key, inner(schema['additionalProperties']))
  if (schema['patternProperties'] !== undefined && random.chance(0.5))
    made['px'] = inner((schema['patternProperties'] as Json)['^p'])
  if (random.chance(noise)) made['extra'] = randomJson(random)
  if (random.chance(0.1)) made['gone'] = undefined
  return made
}
