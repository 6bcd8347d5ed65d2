/**
 * The context of one call, delivery or job run: what a handler is given, a frame for the calls below it, and its own node
 * on the timer wheel. One object for all of it, because a call that allocates little is a call that costs little.
 */
import { type Cancellable, CancelScope } from '../core/cancellation.ts'
import type { TimerNode } from '../core/environment/timers.ts'
import { sleep } from '../core/environment/timers.ts'
import type { BanyanError } from '../core/error.ts'
import type { AnyAggregate, AsOf, Loaded, Past, PastRange } from '../event-sourcing/aggregate.ts'
import type { Projection } from '../projection/define-projection.ts'
import { formatPosition, joinPositions, type Position } from '../projection/position.ts'
import { defaultWaitMs } from '../projection/reader.ts'
import { type ExternalCall, externalCall } from '../saga/external-call.ts'
import type { IdempotencyClaim } from '../store/idempotency.ts'
import type { DeliveryMark } from '../store/inbox.ts'
import type { Isolation, StoreTransaction } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import type { Span, Trace } from '../telemetry/trace.ts'
import type { Baggage, TraceParent } from '../telemetry/trace-context.ts'
import { type Attempt, settle } from './attempt.ts'
import { historyOf, loadOf, projectionOf, storeOf, type Wait, waitForToken } from './context-data.ts'
import { transactIn } from './context-transaction.ts'
import type { CallFrame, CallOptions } from './frame.ts'
import { Rarely } from './rarely.ts'
import {
  callInTransaction,
  cancelled,
  deadlineExceeded,
  secondTransaction,
  transactionInQuery,
  undeclaredCall,
  unknownOperation,
} from './refusals.ts'
import { SagaCalls } from './saga-calls.ts'
import type { ServiceScope } from './service-scope.ts'
import type { ServiceTransaction } from './service-transaction.ts'
import type { OperationShape, Work } from './shapes.ts'
import { isInTransaction } from './transaction-scope.ts'

/** See `Context` and `CommandContext` for the typed face that handlers see. */
export class CallContext implements CallFrame, TimerNode {
  readonly dueMs: number
  readonly tracing: Trace
  readonly span: Span | undefined
  readonly idempotencyKey: string | undefined
  nextTimer: TimerNode | null = null
  previousTimer: TimerNode | null = null
  /** Settled towards the caller; the handler may still run. */
  done = false
  resolve: ((value: unknown) => void) | undefined = undefined
  reject: ((error: unknown) => void) | undefined = undefined
  readonly #service: ServiceScope
  readonly #work: Work
  readonly #parent: CallFrame
  #rarely: Rarely | undefined = undefined

  constructor(
    service: ServiceScope,
    work: Work,
    parent: CallFrame,
    dueMs: number,
    span: Span | undefined,
    idempotencyKey: string | undefined,
  ) {
    this.#service = service
    this.#work = work
    this.#parent = parent
    this.dueMs = dueMs
    this.tracing = parent.tracing
    this.span = span
    this.idempotencyKey = idempotencyKey
  }

  get #rare(): Rarely {
    this.#rarely ??= new Rarely()
    return this.#rarely
  }
  /** Of a delivery: the mark that its transaction writes; of a batch, all of them. */
  get delivery(): DeliveryMark | readonly DeliveryMark[] | undefined {
    return this.#rarely?.delivery
  }
  set delivery(mark: DeliveryMark | readonly DeliveryMark[] | undefined) {
    this.#rare.delivery = mark
  }
  /** While an idempotency key is served. */
  get claim(): IdempotencyClaim | undefined {
    return this.#rarely?.claim
  }
  set claim(claim: IdempotencyClaim | undefined) {
    this.#rare.claim = claim
  }
  /** The key of the saga's step that this call takes back. */
  get undoes(): string | undefined {
    return this.#rarely?.undoes
  }
  set undoes(step: string | undefined) {
    this.#rare.undoes = step
  }
  /** The one transaction has committed. */
  get committed(): boolean {
    return this.#rarely?.committed ?? false
  }
  /** What was published here and below, and what the caller must see. */
  get position(): Position | undefined {
    return joinPositions(this.#parent.position, this.#rarely?.noted)
  }
  note(position: Position): void {
    const rare = this.#rare
    rare.noted = joinPositions(rare.noted, position)
    this.#parent.note(position)
  }
  get caller(): string {
    return this.#parent.self
  }
  get self(): string {
    return this.#service.name
  }
  get trace(): TraceParent {
    const { traceId, rootSpanId, sampled } = this.tracing
    return { traceId, spanId: this.span?.spanId ?? rootSpanId, sampled }
  }
  get baggage(): Baggage {
    return this.tracing.baggage ?? {}
  }
  get log(): Log {
    const rare = this.#rare
    rare.log ??= this.#service.log.child({ work: this.#work.wire, traceId: this.tracing.traceId })
    return rare.log
  }
  /** Typed query builder for reads outside of transactions. */
  get db(): StoreTransaction['db'] {
    return storeOf(this.#service).db
  }
  get sql(): StoreTransaction['sql'] {
    const store = storeOf(this.#service)
    return (text, ...values) => store.sql(text, ...values)
  }
  get signal(): AbortSignal {
    return this.#cancelScope().signal
  }
  follow(follower: Cancellable): void {
    this.#cancelScope().follow(follower)
  }
  unfollow(follower: Cancellable): void {
    this.#rarely?.scope?.unfollow(follower)
  }
  #cancelScope(): CancelScope {
    const rare = this.#rare
    if (rare.scope === undefined) {
      rare.scope = new CancelScope()
      if (this.done) rare.scope.cancel(cancelled(this.#work.wire))
      else this.#parent.follow(rare.scope)
    }
    return rare.scope
  }

  now(): number {
    return this.#service.environment.clock.now()
  }
  newId(): string {
    return this.#service.environment.random.uuidv7()
  }
  remainingMs(): number {
    return Math.max(0, this.dueMs - this.#service.environment.clock.monotonic())
  }
  sleep(ms: number): Promise<void> {
    return sleep(this.#service.environment.timers, ms, this.signal)
  }

  call(operation: OperationShape, input: unknown, options?: CallOptions): Promise<unknown> {
    const call = this.#service.links.get(operation) ?? this.#service.linkByName(operation)
    if (call === undefined) {
      const known = typeof operation?.wire === 'string' && typeof operation.contract === 'string'
      return Promise.reject(known ? undeclaredCall(this.self, operation) : unknownOperation(operation))
    }
    if (this.#rarely !== undefined && this.#rarely.open > 0 && isInTransaction(this))
      return Promise.reject(callInTransaction(operation.wire))
    return call(this, input, options)
  }

  /** Asks somebody else's system. */
  async externalCall(call: ExternalCall<unknown>): Promise<unknown> {
    if (this.#rarely !== undefined && this.#rarely.open > 0 && isInTransaction(this))
      throw callInTransaction('an external system')
    return externalCall(this.#service.environment, { signal: this.signal, ...call })
  }

  attempt(operation: OperationShape, input: unknown, options?: CallOptions): Promise<Attempt> {
    return settle(this.call(operation, input, options), operation)
  }

  fail(reason: string, details?: unknown, init?: object): Error {
    const type = this.#work.errors?.[reason]
    if (type === undefined) return new TypeError(`${this.#work.wire} declares no error '${reason}'`)
    return new type(details, init)
  }

  transact<Result>(
    work: (tx: ServiceTransaction) => Promise<Result>,
    options: { readonly isolation?: Isolation } = {},
  ): Promise<Result> {
    if (this.#work.kind === 'query') return Promise.reject(transactionInQuery(this.#work.wire))
    if (this.#rare.transacted) return Promise.reject(secondTransaction(this.#work.wire))
    this.#rare.transacted = true
    return transactIn(this, this.#service, this.#rare, work, options)
  }

  /** An aggregate of this service, now or as it was. */
  async load(aggregate: AnyAggregate, id: string, asOf?: AsOf): Promise<Loaded<unknown>> {
    return loadOf(this.#service, storeOf(this.#service), aggregate, id, asOf)
  }
  /** A part of what has happened to an aggregate of this service. */
  async history(aggregate: AnyAggregate, id: string, range?: PastRange): Promise<Past<unknown>> {
    return historyOf(this.#service, storeOf(this.#service), aggregate, id, range)
  }
  /** The sagas of this service. */
  get sagas(): SagaCalls {
    return new SagaCalls(this.#service, this)
  }
  get startedBy(): string {
    const { delivery } = this
    const mark = delivery === undefined || !('eventId' in delivery) ? undefined : delivery
    return mark === undefined ? `${this.#work.kind} ${this.caller}` : `event ${mark.eventId}`
  }
  get environment(): ServiceScope['environment'] {
    return this.#service.environment
  }
  /** What readers of a projection see, with everything in it that this work has published or must see. */
  projection({ name }: Projection, how?: { readonly timeoutMs?: number }): Promise<unknown> {
    return projectionOf(this.#service, name, this.position, this.#wait(how))
  }
  /** Waits until this service's projections have what a position token names. */
  waitFor(token: string, how?: { readonly timeoutMs?: number }): Promise<void> {
    return waitForToken(this.#service, token, this.now(), this.#wait(how))
  }
  /** The token of what was published here and below, and of what the caller must see. */
  get positionToken(): string | undefined {
    const { position } = this
    return position === undefined ? undefined : formatPosition(position)
  }
  #wait({ timeoutMs = defaultWaitMs }: { readonly timeoutMs?: number } = {}): Wait {
    return { timeoutMs: Math.min(timeoutMs, this.remainingMs()), signal: this.signal }
  }

  /** The deadline: the caller is let go, the work is told to stop. */
  expire(): void {
    this.stop(deadlineExceeded(this.#work.wire))
  }
  /** Settles with an error now, and aborts what listens. */
  stop(error: BanyanError): void {
    if (this.done) return
    this.close()
    this.#rarely?.scope?.cancel(error)
    this.reject?.(error)
  }
  /** The work is over; what still listens to it is told to stop. */
  leave(): void {
    if (this.#rarely?.scope === undefined) this.close()
    else this.stop(cancelled(this.#work.wire))
  }
  /** Nothing is owed to the caller any more. */
  close(): void {
    this.done = true
    if (this.#rarely?.scope !== undefined) this.#parent.unfollow(this.#rarely.scope)
  }
}
