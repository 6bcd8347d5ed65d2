import { describe, expect, test } from 'vitest'
import { BanyanError, fromErrorDocument, toErrorDocument } from '../core/error.ts'
import { command, defineContract, error, isError, t } from './index.ts'

const Shelf = defineContract('shelf', {
  version: '1.0.0',
  owner: 'x',
  operations: {
    take: command({
      input: t.Object({ sku: t.String() }),
      output: t.Object({}),
      errors: {
        OUT_OF_STOCK: t.Object({ available: t.Integer() }),
        CLOSED: error({ code: 'UNAVAILABLE', about: 'The warehouse is closed.', retryable: true }),
        LOST: error({ code: 'NOT_FOUND', http: 410, details: t.Object({ since: t.Date() }) }),
      },
    }),
  },
})
const { OUT_OF_STOCK, CLOSED, LOST } = Shelf.take.errors

describe('a declared error', () => {
  test('as a bare schema is a conflict', () => {
    expect(new OUT_OF_STOCK({ available: 3 })).toMatchObject({
      code: 'FAILED_PRECONDITION',
      httpStatus: 409,
      reason: 'OUT_OF_STOCK',
      details: { available: 3 },
      retryable: false,
      outcome: 'refused',
      message: 'OUT_OF_STOCK',
    })
  })

  test('with a code of its own', () => {
    expect([LOST.name, LOST.reason, LOST.code, LOST.http]).toEqual(['LOST', 'LOST', 'NOT_FOUND', 410])
    const closed = new CLOSED(undefined, { retryAfterMs: 500, cause: 'night' })
    expect(closed).toMatchObject({ code: 'UNAVAILABLE', httpStatus: 503, retryable: true, outcome: 'none' })
    expect(closed).toMatchObject({ message: 'The warehouse is closed.', retryAfterMs: 500, cause: 'night' })
    expect(closed).toBeInstanceOf(BanyanError)
  })

  test('is the same after a journey over the wire', () => {
    const arrived = fromErrorDocument(JSON.parse(JSON.stringify(toErrorDocument(new OUT_OF_STOCK({ available: 3 })))))
    expect(arrived).toBeInstanceOf(OUT_OF_STOCK)
    expect(arrived).not.toBeInstanceOf(CLOSED)
    expect(isError(Shelf.take, arrived) && arrived.reason === 'OUT_OF_STOCK' && arrived.details.available).toBe(3)
  })
})

test.each([
  ['another reason', new BanyanError('NOT_FOUND', 'x', { reason: 'ELSE' })],
  ['no reason', new BanyanError('NOT_FOUND', 'x')],
  ['a name that every object has', new BanyanError('NOT_FOUND', 'x', { reason: 'constructor' })],
  ['a foreign error', new Error('OUT_OF_STOCK')],
  ['nothing', undefined],
])('isError is false for %s', (_name, thrown) => {
  expect(isError(Shelf.take, thrown)).toBe(false)
  expect(thrown instanceof OUT_OF_STOCK).toBe(false)
})
