import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  isSchema,
  isStandardSchema,
  type StandardSchema,
  t,
  toJsonSchema,
  validateStandard,
  validator,
} from './index.ts'

const Level = z.object({ sku: z.string(), unit: z.enum(['each', 'box']).default('each') })

test.each([
  ['a string', 'hello'],
  ['a plain object', { type: 'string' }],
  ['null', null],
  ['a Zod-like thing without JSON Schema', { '~standard': { validate: () => ({ value: 1 }) } }],
])('%s is no schema', (_name, value) => {
  expect(isSchema(value) || isStandardSchema(value)).toBe(false)
})

test('both sides of a Standard Schema that fills defaults', () => {
  expect(toJsonSchema(Level, 'input')).toMatchObject({ required: ['sku'] })
  expect(toJsonSchema(Level, 'output')).toMatchObject({ required: ['sku', 'unit'] })
  expect(toJsonSchema(Level, 'input')).not.toHaveProperty('$schema')
})

test('a schema is printed once: the runtime compiles by identity', () => {
  expect(toJsonSchema(Level, 'input')).toBe(toJsonSchema(Level, 'input'))
  const own = t.String()
  expect(toJsonSchema(own, 'output')).toBe(own)
})

test('a schema of t needs no library of its own, a Standard Schema does', () => {
  expect(validator(t.String(), 'input').standard).toBeUndefined()
  expect(validator(Level, 'output')).toEqual({ standard: Level, json: toJsonSchema(Level, 'output') })
})

describe('validateStandard', () => {
  test('gives the value with defaults, or the issues', () => {
    expect(validateStandard(Level, { sku: 'a' })).toEqual({ value: { sku: 'a', unit: 'each' } })
    expect(validateStandard(Level, { sku: 1 }).issues?.[0]?.path).toEqual(['sku'])
  })

  test('a promise is an error that says what to do, and its rejection ends nothing', async () => {
    const late: StandardSchema = {
      '~standard': {
        version: 1,
        vendor: 'late',
        validate: () => Promise.reject(new Error('unhandled')),
        jsonSchema: { input: () => ({}), output: () => ({}) },
      },
    }
    expect(() => validateStandard(late, 1)).toThrow(
      'a schema of a contract must validate synchronously, but this one (late) answered with a promise: move the asynchronous check into the handler',
    )
    await Promise.resolve()
  })
})
