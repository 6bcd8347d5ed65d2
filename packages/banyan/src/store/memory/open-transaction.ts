/** What the work of one transaction holds in its hands: it collects events, and refuses them when they could not be committed. */
import { BanyanError } from '../../core/error.ts'
import type { TransactionStreams } from '../event-store.ts'
import type { NewEvent } from '../outbox.ts'
import type { TransactionSagas } from '../sagas.ts'
import { assertDue, type Due, type NewScheduledEvent } from '../scheduled.ts'
import type { StoreTransaction } from '../store.ts'
import { speaksNoSql } from './no-sql.ts'

/** Events that one transaction may publish. */
const maxEventsPerTransaction = 1_000

/** What a transaction has gathered for its commit. */
export interface Gathered {
  readonly events: NewEvent[]
  readonly scheduled: NewScheduledEvent[]
  /** Scheduled events that it takes back and holds. */
  readonly unscheduled: string[]
}

export function openTransaction(
  service: string,
  { events, scheduled, unscheduled }: Gathered,
  readOnly: boolean,
  streams: TransactionStreams,
  sagas: TransactionSagas,
  hold: (eventId: string) => boolean,
): { readonly open: StoreTransaction; end(): void } {
  let ended = false
  function assertMay(what: string): void {
    if (ended)
      throw refusal(`${what} after the transaction has ended`, 'TRANSACTION_ENDED', 'Await all work inside it.')
    if (readOnly) throw refusal(`${what} in a read-only transaction`, 'READ_ONLY', 'Leave readOnly out.')
  }
  function publish(event: NewEvent, due: Due | undefined): void {
    assertMay('publish')
    if (events.length + scheduled.length >= maxEventsPerTransaction) throw tooManyEvents()
    if (due === undefined) return void events.push(event)
    assertDue(due)
    scheduled.push({ event, due })
  }
  const open: StoreTransaction = {
    get db(): never {
      throw speaksNoSql(service)
    },
    sql: async () => Promise.reject(speaksNoSql(service)),
    streams,
    sagas,
    publish,
    async unschedule(eventId) {
      assertMay('take a scheduled event back')
      if (!hold(eventId)) return false
      unscheduled.push(eventId)
      return true
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
