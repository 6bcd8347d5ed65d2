/** What is said to work that does with its transaction what it may not. */
import { BanyanError } from 'banyan/core'

/** Events that one transaction may publish. */
export const maxEventsPerTransaction = 1_000

export function notYours(text: string): BanyanError {
  const word = text.trim().split(/\s/, 1)[0]
  return new BanyanError('FAILED_PRECONDITION', `${word} is not for work inside a transaction`, {
    reason: 'TRANSACTION_CONTROL',
    hint: 'Return to commit, throw to roll back; for a part of the work use SAVEPOINT and ROLLBACK TO.',
  })
}

export function readOnly(what: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `cannot ${what} in a read-only transaction`, {
    reason: 'READ_ONLY',
    hint: 'Leave readOnly out.',
  })
}

export function ended(): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', 'the transaction has ended already', {
    reason: 'TRANSACTION_ENDED',
    hint: 'Await all work inside the export function given to transact, and do not keep tx.',
  })
}

export function tooManyEvents(): BanyanError {
  const message = `one transaction publishes at most ${maxEventsPerTransaction} events (maxEventsPerTransaction)`
  return new BanyanError('RESOURCE_EXHAUSTED', message, {
    reason: 'TOO_MANY_EVENTS',
    hint: 'Publish in several transactions.',
  })
}
