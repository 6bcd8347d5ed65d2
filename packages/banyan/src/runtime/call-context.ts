/**
 * The context of one call, delivery or job run: what a handler is given, a frame for the calls below it, and its own node
 * on the timer wheel. One object for all of it, because a call that allocates little is a call that costs little.
 */
import { type Cancellable, CancelScope } from '../core/cancellation.ts'
import type { TimerNode } from '../core/environment/timers.ts'
import { sleep } from '../core/environment/timers.ts'
import type { BanyanError } from '../core/error.ts'
import type { IdempotencyClaim } from '../store/idempotency.ts'
import type { DeliveryMark } from '../store/inbox.ts'
import type { Isolation, StoreTransaction } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import type { Span, Trace } from '../telemetry/trace.ts'
import type { Baggage, TraceParent } from '../telemetry/trace-context.ts'
import type { CallFrame, CallOptions } from './frame.ts'
import {
  callInTransaction,
  cancelled,
  deadlineExceeded,
  noDatabase,
  secondTransaction,
  transactionInQuery,
  undeclaredCall,
  unknownOperation,
} from './refusals.ts'
import type { ServiceScope } from './service-scope.ts'
import { ServiceTransaction } from './service-transaction.ts'
import type { OperationShape, Work } from './shapes.ts'
import { isInTransaction, runInTransaction } from './transaction-scope.ts'

/** Success, or one of the operation's declared errors. */
type Attempt = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: BanyanError }

/** What few calls ever have; made when first needed, so that the others do not pay for its fields. */
class Rarely {
  /** Of a delivery: the mark that its transaction writes. */
  delivery: DeliveryMark | undefined = undefined
  /** While an idempotency key is served. */
  claim: IdempotencyClaim | undefined = undefined
  transacted = false
  committed = false
  /** Transactions that are open now: none or one. */
  open = 0
  scope: CancelScope | undefined = undefined
  log: Log | undefined = undefined
}

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
  /** Of a delivery: the mark that its transaction writes. */
  get delivery(): DeliveryMark | undefined {
    return this.#rarely?.delivery
  }
  set delivery(mark: DeliveryMark | undefined) {
    this.#rare.delivery = mark
  }
  /** While an idempotency key is served. */
  get claim(): IdempotencyClaim | undefined {
    return this.#rarely?.claim
  }
  set claim(claim: IdempotencyClaim | undefined) {
    this.#rare.claim = claim
  }
  /** The one transaction has committed. */
  get committed(): boolean {
    return this.#rarely?.committed ?? false
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
    return this.#store().db
  }
  get sql(): StoreTransaction['sql'] {
    const store = this.#store()
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

  async attempt(operation: OperationShape, input: unknown, options?: CallOptions): Promise<Attempt> {
    try {
      return { ok: true, value: await this.call(operation, input, options) }
    } catch (error) {
      const { reason } = error as BanyanError
      if (reason !== undefined && Object.hasOwn(operation.errors, reason))
        return { ok: false, error: error as BanyanError }
      throw error
    }
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
    return this.#transact(work, options)
  }

  async #transact<Result>(
    work: (tx: ServiceTransaction) => Promise<Result>,
    options: { readonly isolation?: Isolation },
  ): Promise<Result> {
    const store = this.#store()
    const rare = this.#rare
    rare.open++
    try {
      const result = await store.transact(
        (tx) => runInTransaction(this, () => work(new ServiceTransaction(tx, this.#service, this))),
        {
          ...options,
          signal: this.signal,
          ...(rare.delivery && { delivery: rare.delivery }),
          ...(rare.claim && { idempotency: rare.claim }),
        },
      )
      rare.committed = true
      return result
    } finally {
      rare.open--
    }
  }

  #store(): NonNullable<ServiceScope['store']> {
    if (this.#service.store === undefined) throw noDatabase(this.self)
    return this.#service.store
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
  /** Nothing is owed to the caller any more. */
  close(): void {
    this.done = true
    if (this.#rarely?.scope !== undefined) this.#parent.unfollow(this.#rarely.scope)
  }
}
