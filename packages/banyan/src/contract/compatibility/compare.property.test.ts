/**
 * Random pairs of schemas: whenever a pair is said to be compatible, every document that the writer sends is read; whenever a
 * witness is shown, both validators confirm it, also in the other back end. Seeded; BANYAN_SCHEMA_CASES makes it longer.
 */
import { expect, test } from 'vitest'
import { compileWith } from '../../schema/compile.ts'
import { createRandom, type Json, type Random, randomSchema } from '../../schema/fixtures/random-schema.ts'
import { randomValue } from '../../schema/fixtures/random-value.ts'
import { SchemaError } from '../../schema/schema-error.ts'
import { INVALID } from '../../schema/value.ts'
import { compareSchemas } from './compare-schemas.ts'
import { mutate } from './fixtures/mutate.ts'

const cases = Number(process.env['BANYAN_SCHEMA_CASES'] ?? 60) * 3
const documents = 60

function pairOf(random: Random, index: number): readonly [Json, Json] {
  const writer = randomSchema(random, index % 2 === 0)
  const reader = random.chance(0.85)
    ? mutate(random, writer, 1 + random.below(2))
    : random.chance(0.5)
      ? structuredClone(writer)
      : randomSchema(random, index % 2 === 0)
  return random.chance(0.5) ? [writer, reader] : [reader, writer]
}

function isUsable(schema: Json): boolean {
  try {
    compileWith(schema, { extras: 'strip' }, 'interpret')
    return true
  } catch (error) {
    if (error instanceof SchemaError) return false
    throw error
  }
}

test.each(['strip', 'refuse'] as const)(
  'no pair is called compatible that is not, every witness is one (%s)',
  (unknown) => {
    const counts = { compatible: 0, incompatible: 0, unknown: 0, sent: 0 }
    for (let index = 0; index < cases; index++) {
      const random = createRandom(index)
      const [writer, reader] = pairOf(random, index)
      if (!isUsable(writer) || !isUsable(reader)) continue
      const { verdict, findings } = compareSchemas(writer, reader, { unknown })
      counts[verdict]++
      const send = compileWith(writer, { extras: 'strip' }, 'interpret')
      const read = compileWith(reader, { extras: unknown === 'strip' ? 'strip' : 'reject' }, 'interpret')
      const pair = `case ${index}: ${JSON.stringify(writer)} → ${JSON.stringify(reader)}`
      for (const { confirmed, witness } of findings.filter((one) => one.confirmed)) {
        expect(confirmed && send.check(witness) && !read.check(witness), pair).toBe(true)
      }
      if (verdict !== 'compatible') continue
      for (let turn = 0; turn < documents; turn++) {
        const sent = send.copy(randomValue(random, writer, writer, 0.1))
        if (sent === INVALID) continue
        counts.sent++
        if (!read.check(sent))
          expect.fail(`${pair}\nrefused: ${JSON.stringify(sent)}\n${read.explain(sent)[0]?.message}`)
      }
    }
    // A comparison that always says "unknown" would pass the test above.
    expect(counts.compatible).toBeGreaterThan(cases / 5)
    expect(counts.incompatible).toBeGreaterThan(cases / 5)
    expect(counts.unknown).toBeLessThan(cases / 4)
    expect(counts.sent).toBeGreaterThan(cases * 3)
    if (process.env['BANYAN_SCHEMA_CASES']) console.log(unknown, counts)
  },
  cases * 500,
)
