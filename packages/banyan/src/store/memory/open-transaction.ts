/** What the work of one transaction holds in its hands: it collects events, and refuses them when they could not be committed. */
import { BanyanError } from '../../core/error.ts'
import type { TransactionStreams } from '../event-store.ts'
import type { NewEvent } from '../outbox.ts'
import type { StoreTransaction } from '../store.ts'
import { speaksNoSql } from './no-sql.ts'

/** Events that one transaction may publish. */
const maxEventsPerTransaction = 1_000

export function openTransaction(
  service: string,
  events: NewEvent[],
  readOnly: boolean,
  streams: TransactionStreams,
): { readonly open: StoreTransaction; end(): void } {
  let ended = false
  const open: StoreTransaction = {
    get db(): never {
      throw speaksNoSql(service)
    },
    sql: async () => Promise.reject(speaksNoSql(service)),
    streams,
    publish(event) {
      if (ended)
        throw refusal('publish after the transaction has ended', 'TRANSACTION_ENDED', 'Await all work inside it.')
      if (readOnly) throw refusal('publish in a read-only transaction', 'READ_ONLY', 'Leave readOnly out.')
      if (events.length >= maxEventsPerTransaction) throw tooManyEvents()
      events.push(event)
    },
  }
  return {
    open,
    end: () => {
      ended = true
    },
  }
}

function refusal(what: string, reason: string, hint: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `cannot ${what}`, { reason, hint })
}

function tooManyEvents(): BanyanError {
  const message = `one transaction publishes at most ${maxEventsPerTransaction} events (maxEventsPerTransaction)`
  return new BanyanError('RESOURCE_EXHAUSTED', message, {
    reason: 'TOO_MANY_EVENTS',
    hint: 'Publish in several transactions.',
  })
}
