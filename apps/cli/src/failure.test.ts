import { BanyanError } from 'banyan/core'
import { expect, test } from 'vitest'
import { CommandError, exitCodeOf, formatFailure, toFailureDocument, UsageError } from './failure.ts'

test('a message and what to do about it', () => {
  expect(formatFailure(new CommandError('it is wrong', 'Put it right.'), false)).toBe(
    'banyan: it is wrong\n  Put it right.',
  )
  expect(formatFailure(new UsageError('no such flag'), false)).toBe('banyan: no such flag')
})

test('what a service keeps from its callers is told at the terminal', () => {
  const refused = Object.assign(new AggregateError([new Error('connect ECONNREFUSED 127.0.0.1:1')], ''))
  const error = new BanyanError('UNAVAILABLE', 'the database is not available', {
    cause: new Error('', { cause: refused }),
  })
  expect(formatFailure(error, false)).toBe('banyan: the database is not available: connect ECONNREFUSED 127.0.0.1:1')
  const said = new BanyanError('INTERNAL', 'cannot open:\n  - a: it broke', { cause: new Error('it broke') })
  expect(formatFailure(said, false)).toBe('banyan: cannot open:\n  - a: it broke')
})

test('what nobody foresaw says how to see more; the stack only when asked for', () => {
  const error = new TypeError('x is not a function', { cause: new Error('deep') })
  expect(formatFailure(error, false)).toContain('BANYAN_DEBUG=1')
  expect(formatFailure(error, false)).not.toContain('    at ')
  expect(formatFailure(error, true)).toMatch(/ {4}at [\s\S]*Caused by: Error: deep/)
  expect(formatFailure('just text', false)).toBe('banyan: just text')
})

test('for a program: message, hint, code and reason', () => {
  const error = new BanyanError('FAILED_PRECONDITION', 'no', { reason: 'MIGRATION_EDITED', hint: 'Restore it.' })
  expect(toFailureDocument(error)).toEqual({
    error: { message: 'no', hint: 'Restore it.', code: 'FAILED_PRECONDITION', reason: 'MIGRATION_EDITED' },
  })
})

test('1 when something is wrong, 2 when the call is', () => {
  expect([exitCodeOf(new Error('x')), exitCodeOf(new CommandError('x')), exitCodeOf(new UsageError('x'))]).toEqual([
    1, 1, 2,
  ])
})
