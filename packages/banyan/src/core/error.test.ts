import { describe, expect, it } from 'vitest'
import { codes, isCode } from './code.ts'
import { BanyanError, fromErrorDocument, fromUnknown, isBanyanError, toErrorDocument } from './error.ts'

describe('BanyanError', () => {
  it('says what the caller should do', () => {
    const error = new BanyanError('UNAVAILABLE', 'the ledger is closed', { retryable: true, retryAfterMs: 250 })
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true, retryAfterMs: 250, outcome: 'none' })
  })

  it('is recognised by structure, as another copy of the package makes it', () => {
    const other = Object.assign(new Error('x'), { [Symbol.for('banyan.error')]: true, code: 'ABORTED' })
    expect(other).toBeInstanceOf(BanyanError)
    expect(isBanyanError(new Error('x'))).toBe(false)
    expect(isBanyanError(null)).toBe(false)
  })

  it('crosses the wire unchanged, but for what must stay at home', () => {
    const error = new BanyanError('FAILED_PRECONDITION', 'no', {
      reason: 'OUT_OF_STOCK',
      details: { sku: 'a' },
      httpStatus: 409,
      issues: [{ path: '/a', rule: 'type', message: 'm' }],
      hint: 'secret advice',
      cause: new Error('inside'),
    })
    const crossed = fromErrorDocument(JSON.parse(JSON.stringify(toErrorDocument(error))))
    for (const field of [
      'code',
      'message',
      'reason',
      'details',
      'httpStatus',
      'issues',
      'outcome',
      'retryable',
    ] as const)
      expect(crossed[field]).toEqual(error[field])
    expect(crossed.hint).toBeUndefined()
    expect(crossed.cause).toBeUndefined()
  })

  it('never tells what was inside an internal error', () => {
    expect(toErrorDocument(new BanyanError('INTERNAL', 'password=hunter2')).message).toBe('internal error')
    expect(fromUnknown(new Error('password=hunter2')).message).toBe('internal error')
  })

  it('reads anything as an error without failing', () => {
    for (const given of [undefined, null, 7, 'text', [], {}, { code: 'NOPE' }])
      expect(fromErrorDocument(given)).toMatchObject({ code: 'UNKNOWN', outcome: 'unknown' })
    expect(fromErrorDocument({ code: 'ABORTED', message: 3, reason: 4, retryAfterMs: 'x', issues: {} })).toMatchObject({
      code: 'ABORTED',
      message: 'ABORTED',
      reason: undefined,
      retryAfterMs: undefined,
      issues: undefined,
    })
  })

  it('turns an abort into a cancellation whose outcome is unknown', () => {
    expect(fromUnknown(new DOMException('stop', 'AbortError'))).toMatchObject({ code: 'CANCELLED', outcome: 'unknown' })
  })
})

describe('codes', () => {
  it('are the sixteen of gRPC, each with its own number', () => {
    expect(Object.keys(codes)).toHaveLength(16)
    expect(Object.values(codes).map(({ grpc }) => grpc)).toEqual(Array.from({ length: 16 }, (_, index) => index + 1))
    expect(isCode('toString')).toBe(false)
    expect(isCode('ABORTED')).toBe(true)
  })
})
