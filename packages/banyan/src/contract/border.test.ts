import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { StandardSchema } from '../contract/schema.ts'
import { t } from '../contract/t.ts'
import { INVALID } from '../schema/index.ts'
import { createServiceBorder, createWireBorder } from './border.ts'

/** A Standard Schema whose validation does what the test wants. */
const foreign = (validate: (value: unknown) => unknown): StandardSchema => ({
  '~standard': {
    version: 1,
    vendor: 'foreign',
    validate,
    jsonSchema: { input: () => ({ type: 'object' }), output: () => ({ type: 'object' }) },
  },
})

describe('a border', () => {
  it('gives a copy that shares nothing, without what the schema does not name', () => {
    const border = createServiceBorder(t.Object({ lines: t.Array(t.Object({ sku: t.String() })) }))
    const given = { lines: [{ sku: 'a', extra: 1 }], more: true }
    const copy = border.copy(given) as typeof given
    expect(copy).toEqual({ lines: [{ sku: 'a' }] })
    expect(copy.lines[0]).not.toBe(given.lines[0])
  })

  it('runs a foreign schema at the service, with its defaults, and only checks the shape on the way', () => {
    const schema = z.object({
      limit: z.number().int().max(9).default(5),
      even: z.number().refine((n) => n % 2 === 0, 'must be even'),
    })
    expect(createServiceBorder(schema).copy({ even: 2 })).toEqual({ limit: 5, even: 2 })
    expect(createServiceBorder(schema).copy({ even: 3 })).toBe(INVALID)
    expect(createServiceBorder(schema).explain({ even: 3 })).toEqual([
      { path: '/even', rule: 'zod', message: 'must be even' },
    ])
    expect(createWireBorder(schema, 'input').copy({ even: 3 })).toEqual({ limit: 5, even: 3 })
  })

  it('survives a foreign schema that throws or answers with a promise', () => {
    const throwing = createServiceBorder(
      foreign(() => {
        throw new Error('the password is hunter2')
      }),
    )
    expect(throwing.copy({})).toBe(INVALID)
    expect(throwing.explain({})).toEqual([{ path: '', rule: 'foreign', message: 'its schema failed' }])
    const late = createServiceBorder(foreign(async () => ({ value: {} })))
    expect(late.copy({})).toBe(INVALID)
    expect(late.explain({})[0]?.message).toContain('synchronously')
  })
})
