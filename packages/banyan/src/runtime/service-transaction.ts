/** The transaction that a handler works in: its own tables, and its own events. */
import { BanyanError } from '../core/error.ts'
import { INVALID } from '../schema/index.ts'
import type { StoreTransaction } from '../store/store.ts'
import type { EventOrigin, ServiceScope } from './service-scope.ts'
import type { EventShape } from './shapes.ts'

/** See `Transaction` for the typed face that handlers see. */
export class ServiceTransaction {
  readonly #tx: StoreTransaction
  readonly #service: ServiceScope
  readonly #origin: EventOrigin

  constructor(tx: StoreTransaction, service: ServiceScope, origin: EventOrigin) {
    this.#tx = tx
    this.#service = service
    this.#origin = origin
  }

  // Asked for late: a store that speaks no SQL still has transactions.
  get db(): StoreTransaction['db'] {
    return this.#tx.db
  }
  get sql(): StoreTransaction['sql'] {
    return (text, ...values) => this.#tx.sql(text, ...values)
  }

  /** Buffers the event for the outbox; it goes out with COMMIT. Throws at once when it does not fit its schema. */
  publish(event: EventShape, data: unknown): void {
    const publisher = this.#service.publisherOf(event)
    if (publisher === undefined) throw foreignEvent(this.#service.name, event)
    const copy = publisher.border.copy(data)
    if (copy === INVALID) {
      const issues = publisher.border.explain(data)
      throw new BanyanError(
        'INTERNAL',
        `event ${event.wire} breaks its contract: ${issues[0]?.message ?? 'it does not fit its schema'}`,
        { reason: 'INVALID_EVENT', issues },
      )
    }
    this.#tx.publish(publisher.toEvent(copy as Readonly<Record<string, unknown>>, this.#origin))
  }
}

function foreignEvent(service: string, event: EventShape): BanyanError {
  return new BanyanError('PERMISSION_DENIED', `'${service}' publishes '${event?.wire}', which is not its own event`, {
    reason: 'FOREIGN_EVENT',
    hint: `Only '${event?.contract}' may publish it.`,
  })
}
