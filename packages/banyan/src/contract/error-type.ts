/**
 * The errors that a contract declares. Each becomes a class whose instances are ordinary {@link BanyanError}s: the class
 * decides the code and the HTTP status, the instance carries typed `details`. They are recognised by `reason`, not by
 * identity, because an error that crossed a process was built again on this side.
 */
import { type Code, codes } from '../core/code.ts'
import { BanyanError, isBanyanError } from '../core/error.ts'
import type { AnySchema, Received } from './schema.ts'

/** What is usual of an error class can be said of one instance. */
export interface ErrorInit {
  /** For people. Default: the error's `about`, else its reason. It crosses to the caller: no secrets. */
  readonly message?: string
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/** An instance of a declared error. `code` is gRPC's; `reason` is the name in the contract. */
export interface ContractError<Reason extends string = string, Details = unknown> extends BanyanError {
  readonly reason: Reason
  readonly details: Details
}

/** Arguments after the reason: details may be left out of errors that have none. */
export type DetailsArgument<Details> = [Details] extends [undefined]
  ? [details?: undefined, init?: ErrorInit]
  : [details: Details, init?: ErrorInit]

/** The class of a declared error, reached as `Inventory.reserve.errors.OUT_OF_STOCK`. */
export interface ErrorType<Reason extends string = string, Details = unknown> {
  readonly reason: Reason
  readonly code: Code
  /** The HTTP status at the edge. */
  readonly http: number
  readonly about: string | undefined
  /** Raising it says that the work was certainly not done and may be tried again. */
  readonly retryable: boolean
  /** Of the details; undefined when the error has none. */
  readonly schema: AnySchema | undefined
  new (...details: DetailsArgument<Details>): ContractError<Reason, Details>
}

/** A declared error before its contract gave it its reason; made by {@link error}. */
export interface ErrorDefinition<Details = unknown> {
  readonly kind: 'error'
  readonly code: Code
  readonly http: number
  readonly about: string | undefined
  readonly retryable: boolean
  readonly schema: AnySchema | undefined
  readonly '~static': Details
}

/** What {@link error} takes. */
export interface ErrorSpec<D> {
  readonly code: Code
  /** 400 to 599. Default: the code's usual one. */
  readonly http?: number
  /** One sentence for the documentation and the default message. */
  readonly about?: string
  /** Default false. Only for errors that are raised before anything was done. */
  readonly retryable?: boolean
  readonly details?: D
}

/**
 * Declares an error with a code of its own. (A bare schema in `errors` is short for code FAILED_PRECONDITION, HTTP 409.)
 *
 * @example
 * errors: { UNKNOWN_SKU: error({ code: 'NOT_FOUND', about: 'no such product', details: t.Object({ sku: t.String() }) }) }
 */
export function error<D extends AnySchema | undefined = undefined>(
  spec: ErrorSpec<D>,
): ErrorDefinition<D extends AnySchema ? Received<D> : undefined> {
  const { code, http = codes[code]?.http, about, retryable = false, details } = spec
  return Object.freeze({ kind: 'error', code, http, about, retryable, schema: details }) as never
}

/** What may stand in `errors`. */
export type ErrorSource = AnySchema | ErrorDefinition

/** Union of the instances of an operation's errors; narrows by `reason`. */
export type ErrorOf<Errs> = { [K in keyof Errs & string]: ContractError<K, Errs[K]> }[keyof Errs & string]

/** Declared errors as classes. */
export type ErrorTypes<Errs> = { readonly [K in keyof Errs & string]: ErrorType<K, Errs[K]> }

function isErrorDefinition(source: ErrorSource): source is ErrorDefinition {
  return (source as { readonly kind?: unknown }).kind === 'error'
}

function createErrorType(reason: string, source: ErrorSource): ErrorType {
  const declared = isErrorDefinition(source) ? source : error({ code: 'FAILED_PRECONDITION', details: source })
  const { code, http, about, retryable, schema } = declared
  const type = class extends BanyanError {
    static readonly reason = reason
    static readonly code = code
    static readonly http = http
    static readonly about = about
    static readonly retryable = retryable
    static readonly schema = schema
    constructor(details: unknown, init: ErrorInit = {}) {
      super(code, init.message ?? about ?? reason, {
        reason,
        details,
        httpStatus: http,
        retryable,
        retryAfterMs: init.retryAfterMs,
        cause: init.cause,
      })
    }
    static override [Symbol.hasInstance](value: unknown): boolean {
      return isBanyanError(value) && value.reason === reason
    }
  }
  Object.defineProperty(type, 'name', { value: reason })
  return Object.freeze(type) as unknown as ErrorType
}

/** Turns the `errors` of an operation into classes. */
export function createErrorTypes(errors: Readonly<Record<string, ErrorSource>>): Readonly<Record<string, ErrorType>> {
  return Object.freeze(
    Object.fromEntries(Object.entries(errors).map(([reason, source]) => [reason, createErrorType(reason, source)])),
  )
}

/**
 * True when the error is one that the operation declares; narrows by `reason`.
 *
 * @example
 * catch (error) {
 *   if (isError(Inventory.reserve, error) && error.reason === 'OUT_OF_STOCK') error.details.available
 * }
 */
export function isError<Errs>(
  operation: { readonly errors: object; readonly '~types': { readonly errors: Errs } },
  thrown: unknown,
): thrown is ErrorOf<Errs> {
  return isBanyanError(thrown) && thrown.reason !== undefined && Object.hasOwn(operation.errors, thrown.reason)
}
