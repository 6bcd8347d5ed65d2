/** The transaction that a handler works in: its own tables, and its own events. */
import { BanyanError } from '../core/error.ts'
import type { AnyAggregate, AppendOptions, Decided, Loaded } from '../event-sourcing/aggregate.ts'
import type { AggregateSession } from '../event-sourcing/aggregate-session.ts'
import type { Fact } from '../event-sourcing/fact-codec.ts'
import type { ProjectedEvent } from '../projection/define-projection.ts'
import type { PositionEntry } from '../projection/position.ts'
import { INVALID } from '../schema/index.ts'
import type { Appended } from '../store/event-store.ts'
import type { SagaWrite } from '../store/sagas.ts'
import { assertDue, type Due, eventIdAt } from '../store/scheduled.ts'
import type { StoreTransaction } from '../store/store.ts'
import { assertDeclared, openAggregates } from './aggregates.ts'
import { foreignEvent } from './refusals.ts'
import type { SagaCaller } from './saga-desk.ts'
import { SagaTransaction } from './saga-transaction.ts'
import type { EventOrigin, Publisher, ServiceScope } from './service-scope.ts'
import type { EventShape } from './shapes.ts'

/** See `Transaction` for the typed face that handlers see. */
export class ServiceTransaction {
  readonly #tx: StoreTransaction
  readonly #service: ServiceScope
  readonly #origin: EventOrigin
  readonly #caller: SagaCaller
  #aggregates: AggregateSession | undefined
  /** What this transaction publishes. */
  readonly published: PositionEntry[] = []
  readonly #facts: ProjectedEvent[] = []

  constructor(tx: StoreTransaction, service: ServiceScope, origin: EventOrigin & SagaCaller) {
    this.#caller = origin
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

  /** The store's own transaction, for what the runtime itself writes. */
  get store(): StoreTransaction {
    return this.#tx
  }
  /** The write of a saga's own transaction, under its epoch. */
  async writeSaga(write: SagaWrite): Promise<void> {
    await this.#tx.sagas.write(write)
  }
  /** Sagas that are started and told together with what else is done here. */
  get sagas(): SagaTransaction {
    return new SagaTransaction(this.#service, this.#tx.sagas, this.#caller)
  }

  /** Buffers the event for the outbox; it goes out with COMMIT. Throws at once when it does not fit its schema. */
  publish(event: EventShape, data: unknown, due?: Due): string | undefined {
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
    const checked = copy as Readonly<Record<string, unknown>>
    if (due === undefined) return void this.#publish(publisher, checked)
    assertDue(due)
    const { clock, random } = this.#service.environment
    const id = eventIdAt('at' in due ? due.at : clock.now() + due.afterMs, random.uuidv7())
    this.#tx.publish(publisher.toEvent(checked, this.#origin, id), due)
    return id
  }

  /** Takes a scheduled event back. */
  cancel(eventId: string): Promise<boolean> {
    return this.#tx.unschedule(eventId)
  }

  #publish(publisher: Publisher, data: Readonly<Record<string, unknown>>, id?: string): void {
    const made = publisher.toEvent(data, this.#origin, id)
    this.#tx.publish(made)
    const { name: source, environment, projections } = this.#service
    this.published.push({ source, tag: publisher.tag, id: made.id })
    if (projections.size === 0) return
    const { id: eventId, type, key } = made
    this.#facts.push({ id: eventId, type, key, source, timeMs: environment.clock.now(), data })
  }

  /** The last thing before COMMIT: what was published is applied to projections that are kept inline. */
  async settle(): Promise<void> {
    if (this.#facts.length === 0) return
    for (const projection of this.#service.projections.values())
      if (projection.inline) await projection.applyInline(this.#tx, this.#facts)
  }

  /** True once an aggregate that was loaded here had been changed by others. */
  get stale(): boolean {
    return this.#aggregates?.stale === true
  }
  /** The aggregate as this transaction sees it. */
  async aggregate(aggregate: AnyAggregate, id: string): Promise<Loaded<unknown>> {
    return this.#session(aggregate).load(aggregate, id)
  }
  /** Takes a decision and appends what follows from it. */
  async decide(
    aggregate: AnyAggregate,
    id: string,
    command: string,
    input: unknown,
  ): Promise<Decided<unknown, unknown>> {
    return this.#session(aggregate).decide(aggregate, id, command, input)
  }
  /** Appends events to the aggregate. */
  async append(
    aggregate: AnyAggregate,
    id: string,
    facts: readonly Fact[],
    options?: AppendOptions,
  ): Promise<Appended> {
    return this.#session(aggregate).append(aggregate, id, facts, options)
  }
  #session(aggregate: AnyAggregate): AggregateSession {
    assertDeclared(this.#service, aggregate)
    this.#aggregates ??= openAggregates(this.#tx, this.#service, this.#origin, (event, data, id) => {
      const publisher = this.#service.publisherOf(event)
      if (publisher === undefined) throw foreignEvent(this.#service.name, event)
      this.#publish(publisher, data, id)
    })
    return this.#aggregates
  }
}
