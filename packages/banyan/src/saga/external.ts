/**
 * Requests to systems that are not Banyan's: what a saga's step or a handler says of one. Types only.
 *
 * Somebody else's system knows no transaction of ours, so of each request there are three ends and not two: it was done, it was
 * not, or nobody knows (its answer was lost). The third is a state of its own here: it is asked about, repeated where repeating is
 * harmless, and shown to a person when it stays. It is never taken for one of the others.
 */
import type { Probed, StepRetry } from './options.ts'

/** Headers, or a function that is asked each time just before sending: for secrets, which are then kept nowhere. */
export type ExternalHeaders =
  | Readonly<Record<string, string | undefined>>
  | (() => Readonly<Record<string, string | undefined>> | Promise<Readonly<Record<string, string | undefined>>>)

/** One request. It must say the same at every attempt: a provider that keeps keys refuses another body under the same key. */
export interface ExternalRequest {
  /** Default 'POST'. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Absolute (http or https, without a user), or a path of `origin`. What stands after '?' is kept nowhere unless `showQuery`. */
  readonly url: string
  /** Besides those of the whole step. A header without a value is refused by its name. */
  readonly headers?: ExternalHeaders
  /** Sent as application/json. */
  readonly json?: unknown
  /** Sent as application/x-www-form-urlencoded. */
  readonly form?: Readonly<Record<string, string>>
  /** Sent as it is. */
  readonly body?: string | Uint8Array
}

/** An answer, whole. */
export interface ExternalResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** The text as JSON; throws when it is none, and then the outcome is unknown. */
  json<Body = unknown>(): Body
}

/** What an answer means: to be read, certainly not executed, executed and refused, or nobody knows. */
export type ExternalMeaning = 'read' | 'none' | 'refused' | 'unknown'

/** How a system is reached; the same for all requests of a step, so it is written once and spread: `{ ...provider, request }`. */
export interface ExternalSettings {
  /** Where paths begin, like 'https://pay.example'; asked each time when it is a function. */
  readonly origin?: string | (() => string | undefined)
  readonly headers?: ExternalHeaders
  /** How long one request may take, answer included; then its outcome is unknown. 1 to 600 000 ms. Default 10 000. */
  readonly timeoutMs?: number
  /** The header that carries the idempotency key; false for none. Default 'Idempotency-Key'. GET and HEAD carry none. */
  readonly keyHeader?: string | false
  /** Sends the key in quotes, as draft-ietf-httpapi-idempotency-key-header has it. Default false: most providers want it bare. */
  readonly quoteKey?: boolean
  /** The longest answer, in bytes, up to 4 194 304; of a longer one the outcome is unknown. Default 1 048 576. */
  readonly maxResponseBytes?: number
  /** The longest headers of an answer, in bytes, up to 16 384. Default 16 384. */
  readonly maxHeaderBytes?: number
  /** Keeps the query of URLs in journal, errors and logs. Default false: keys and names stand there. */
  readonly showQuery?: boolean
  /** What an answer means, where this provider differs from the default; undefined for the default. */
  readonly classify?: (response: ExternalResponse) => ExternalMeaning | undefined
}

/** Finds out what became of a request: by one of its own, or by a function. */
export type ExternalProbe<Ctx, Result> =
  | {
      readonly request: ExternalRequest | ((ctx: Ctx) => ExternalRequest | Promise<ExternalRequest>)
      /** Statuses besides 2xx that `read` understands, like 404. Any other answer counts as not known yet. */
      readonly readAlso?: readonly number[]
      readonly read: (response: ExternalResponse) => Probed<Result>
    }
  | ((ctx: Ctx) => Probed<Result> | Promise<Probed<Result>>)

/** One piece of work at an external system. */
export interface ExternalWork<Ctx, Result> extends ExternalSettings {
  readonly request: ExternalRequest | ((ctx: Ctx) => ExternalRequest | Promise<ExternalRequest>)
  /**
   * Makes the result of an answer with status 2xx (or one of `readAlso`), or throws a `BanyanError`: one without further words is
   * the provider's last word; `retryable: true` is tried again; `outcome: 'unknown'` is asked about. Anything else that it throws
   * means that the answer was not understood: the outcome is unknown.
   */
  readonly read: (response: ExternalResponse) => Result
  /** Statuses besides 2xx that `read` understands, like 402. */
  readonly readAlso?: readonly number[]
  /** Attempts that certainly did nothing are counted and spaced by it. */
  readonly retry?: StepRetry
  /** The idempotency key, 1 to 255 visible ASCII characters; the same at every attempt. A step makes one of its own. */
  readonly key?: string
  /** Asked when the outcome is unknown. */
  readonly probe?: ExternalProbe<Ctx, NoInfer<Result>>
  /**
   * The provider keeps keys: a repeated request under the same key is done once and answered as before. An unknown outcome is then
   * simply asked for again.
   */
  readonly repeatable?: boolean
  /** How long an unknown outcome is pursued, 1 to 604 800 000 ms. Default 900 000 in a step, 10 000 in a call. */
  readonly settleMs?: number
  /**
   * How long after it was sent a request may still be carried out, up to 3 600 000 ms: so long a probe's "no" means "not yet".
   * Not waited for when `repeatable`. Default 30 000.
   */
  readonly lateMs?: number
  /** When the probe found that it did not happen: 'repeat' sends it again, 'fail' fails with `EXTERNAL_ABSENT`. Default 'repeat'. */
  readonly ifAbsent?: 'repeat' | 'fail'
}

/** How a step at an external system is taken back. Its requests carry a key of their own and are repeated until they are answered. */
export interface ExternalUndo<Ctx, Result> {
  /** Given what was done; undefined when nothing has to be undone. */
  readonly request: (result: Result, ctx: Ctx) => ExternalRequest | undefined | Promise<ExternalRequest | undefined>
  /** When it stays unknown whether it was done. Default: a person is asked (the run is parked). */
  readonly whenUnknown?: (ctx: Ctx) => ExternalRequest | undefined | Promise<ExternalRequest | undefined>
  /** Statuses besides 2xx that mean undone, like 404. */
  readonly readAlso?: readonly number[]
  /** Looks at the answer; throws as `read` of the step does. */
  readonly read?: (response: ExternalResponse) => unknown
}

/** A step at an external system. */
export interface ExternalStep<Ctx, UndoCtx, Result> extends ExternalWork<Ctx, Result> {
  /** When the outcome is still unknown after `settleMs`: 'park' asks a person, 'fail' fails with `EXTERNAL_UNSETTLED`. Default 'park'. */
  readonly ifUnsettled?: 'park' | 'fail'
  readonly undo?:
    | ExternalUndo<UndoCtx, NoInfer<Result>>
    | ((ctx: UndoCtx, result: NoInfer<Result> | undefined) => unknown)
  /** How the undo is tried again, and the probe before it. Default: as the step, with 20 attempts. */
  readonly undoRetry?: StepRetry
}

/** What stands in the journal of a step at an external system, and in the details of its errors. */
export interface ExternalFacts {
  readonly method: string
  /** Without its query, unless `showQuery`. */
  readonly url: string
  /** By this key the provider knows it. */
  readonly key?: string
  /** Of the last answer; left out when there was none. */
  readonly status?: number
  /** Requests that were sent, or may have been. */
  readonly sent: number
  /** How often the probe was asked. */
  readonly probed: number
}

/** How long one request may take, in milliseconds. */
export const externalTimeoutMs = 10_000
/** How long an unknown outcome of a step is pursued, in milliseconds. */
export const externalSettleMs = 900_000
/** How long after it was sent a request may still be carried out, in milliseconds. */
export const externalLateMs = 30_000
/** The longest answer, in bytes. */
export const maxExternalResponseBytes = 1_048_576
/** The longest headers of an answer, in bytes. */
export const maxExternalHeaderBytes = 16_384
/** The longest body of a request, in bytes. */
export const maxExternalRequestBytes = 1_048_576
/** The longest time that a provider's Retry-After is obeyed, in milliseconds. */
export const maxRetryAfterMs = 3_600_000
