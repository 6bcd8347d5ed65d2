/**
 * Operations: `command` may change state, `query` must not. Plain types are resolved once, here, so that nobody who reads
 * an operation's types later computes them again.
 */
import { createErrorTypes, type ErrorSource, type ErrorTypes } from './error-type.ts'
import type { CheckedLocation, CheckedRoute, CommandRoute, QueryRoute } from './route.ts'
import type { AnySchema, Received, Sent } from './schema.ts'

/** Which contract something belongs to: what makes "only declared calls" and "only own events" checkable. */
export interface Owned<Contract extends string = string, Name extends PropertyKey = PropertyKey> {
  readonly contract: Contract
  readonly name: Name
  /** The major version of the contract (of an operation) or of the event. */
  readonly major: number
  /** `orders.v1/place` of an operation, `orders.placed.v1` of an event. */
  readonly wire: string
}

/** How a success looks at the HTTP edge. */
export interface Success<Location extends string = string> {
  /** Default 200. 202: accepted, not done yet. 204: no body. */
  readonly status?: 200 | 201 | 202 | 204
  /** The `Location` header, from fields of the output: `/orders/:orderId`. */
  readonly location?: Location
}

/**
 * An operation of a contract. `In` and `Out` are what the caller sends and gets, `H` and `R` what the handler gets and
 * returns; they differ only where a schema has defaults or transforms.
 */
export interface Operation<In = unknown, Out = unknown, Errs = unknown, H = unknown, R = unknown> {
  readonly kind: 'command' | 'query'
  readonly input: AnySchema
  readonly output: AnySchema
  readonly errors: ErrorTypes<Errs>
  readonly http?: string
  readonly success?: Success
  /** Input fields that travel in HTTP headers: field → header name. */
  readonly headers?: Readonly<Record<string, string>>
  /** Doing it twice is the same as doing it once, so it may be tried again. Queries always are. */
  readonly idempotent: boolean
  /** Deadline of one call in milliseconds when the caller has none that is shorter. */
  readonly timeoutMs: number
  readonly about?: string
  readonly deprecated?: boolean | string
  /** Exists only for the compiler. */
  readonly '~types': {
    readonly input: In
    readonly output: Out
    readonly errors: Errs
    readonly received: H
    readonly returned: R
  }
}

/** An operation that may change state. */
export interface Command<In = unknown, Out = unknown, Errs = unknown, H = In, R = Out>
  extends Operation<In, Out, Errs, H, R> {
  readonly kind: 'command'
}

/** An operation that must not change state. */
export interface Query<In = unknown, Out = unknown, Errs = unknown, H = In, R = Out>
  extends Operation<In, Out, Errs, H, R> {
  readonly kind: 'query'
}

/** No declared errors. */
export type None = Readonly<Record<never, never>>

/** What {@link command} and {@link query} take. */
export interface OperationSpec<
  In extends AnySchema,
  Out extends AnySchema,
  E extends Readonly<Record<string, ErrorSource>>,
  H extends string,
  L extends string,
> {
  readonly input: In
  readonly output: Out
  /** Declared errors: `REASON: schema` (FAILED_PRECONDITION, HTTP 409) or `REASON: error({ … })`. */
  readonly errors?: E
  /** The route at the HTTP edge; without one the operation is internal. Every `:parameter` is a field of the input. */
  readonly http?: CheckedRoute<H, Sent<In>>
  readonly success?: Success<CheckedLocation<L, Received<Out>>>
  /** Input fields that the HTTP edge takes from headers, as in `{ ifMatch: 'If-Match' }`. */
  readonly headers?: { readonly [K in keyof Sent<In> & string]?: string }
  /** Default false for commands; queries are always idempotent. */
  readonly idempotent?: boolean
  /** Milliseconds, 1 to 3 600 000. Default 10 000. */
  readonly timeoutMs?: number
  /** One or two sentences for the documentation. */
  readonly about?: string
  /** True, or a sentence that says what to use instead. */
  readonly deprecated?: boolean | string
}

/**
 * An operation that may change state.
 *
 * @example
 * place: command({
 *   input: t.Object({ customerId: t.String(), items: t.Array(Line, { minItems: 1, maxItems: 100 }) }),
 *   output: t.Object({ orderId: t.String() }),
 *   errors: { UNKNOWN_SKU: error({ code: 'NOT_FOUND', details: t.Object({ sku: t.String() }) }) },
 *   http: 'POST /orders',
 *   success: { status: 202, location: '/orders/:orderId' },
 * })
 */
export function command<
  In extends AnySchema,
  Out extends AnySchema,
  const E extends Readonly<Record<string, ErrorSource>> = None,
  const H extends CommandRoute = CommandRoute,
  const L extends string = string,
>(
  spec: OperationSpec<In, Out, E, H, L>,
): Command<Sent<In>, Received<Out>, { [K in keyof E]: Received<E[K]> }, Received<In>, Sent<Out>> {
  return createOperation('command', spec) as never
}

/**
 * An operation that must not change state; always idempotent.
 *
 * @example
 * level: query({ input: t.Object({ sku: t.String() }), output: Level, http: 'GET /inventory/:sku' })
 */
export function query<
  In extends AnySchema,
  Out extends AnySchema,
  const E extends Readonly<Record<string, ErrorSource>> = None,
  const H extends QueryRoute = QueryRoute,
  const L extends string = string,
>(
  spec: OperationSpec<In, Out, E, H, L>,
): Query<Sent<In>, Received<Out>, { [K in keyof E]: Received<E[K]> }, Received<In>, Sent<Out>> {
  return createOperation('query', spec) as never
}

/** The deadline of a call when neither contract nor caller says otherwise, in milliseconds. */
export const defaultTimeoutMs = 10_000

type LooseSpec = Omit<Operation, 'kind' | 'errors' | 'idempotent' | 'timeoutMs' | '~types'> & {
  readonly errors?: Readonly<Record<string, ErrorSource>>
  readonly idempotent?: boolean
  readonly timeoutMs?: number
}

function createOperation(kind: 'command' | 'query', spec: object): object {
  const { errors = {}, idempotent = false, timeoutMs = defaultTimeoutMs, ...rest } = spec as LooseSpec
  return Object.freeze({
    ...rest,
    kind,
    errors: createErrorTypes(errors),
    idempotent: kind === 'query' || idempotent,
    timeoutMs,
  })
}
