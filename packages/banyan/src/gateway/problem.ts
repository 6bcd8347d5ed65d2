/**
 * Errors at the edge, as problem details (RFC 9457). Only what the caller may know leaves: messages of errors that speak
 * about the caller's request or that a contract declares; of everything else one sentence by its code. Details leave only
 * when the contract declares them and they fit their schema.
 */
import { type Code, codes } from '../core/code.ts'
import type { HttpResponse } from '../core/environment/network.ts'
import type { BanyanError, FieldIssue } from '../core/error.ts'

/** One thing wrong with a request: where in the body (`pointer`) or which parameter, which rule, in words. */
export interface ProblemIssue {
  /** JSON Pointer into the body. */
  readonly pointer?: string
  readonly parameter?: string
  readonly in?: 'path' | 'query' | 'header'
  readonly rule: string
  readonly detail: string
}

/** What a route knows about its errors. */
export interface ProblemSource {
  /** Summary of a reason that the contract declares; undefined for others. */
  titleOf(reason: string): string | undefined
  /** The details as they may leave; undefined when there are none. */
  detailsOf(error: BanyanError): unknown
  /** Says of an issue of the input where its sender put the value. */
  readonly inputs: { locate(issue: FieldIssue): ProblemIssue }
}

/** Names of the statuses that the edge answers with (RFC 9110, 15; RFC 6585). */
const phrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  425: 'Too Early',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

/** The name of a status. */
export function phraseOf(status: number): string {
  return phrases[status] ?? (status < 500 ? 'Bad Request' : 'Internal Server Error')
}

/** Codes whose messages are about our insides, with what is said instead. */
const sentences: Partial<Readonly<Record<Code, string>>> = {
  INTERNAL: 'something went wrong on our side; it is logged under this request id',
  UNKNOWN: 'something went wrong on our side; it is logged under this request id',
  DATA_LOSS: 'something went wrong on our side; it is logged under this request id',
  UNAVAILABLE: 'the service cannot answer now',
  DEADLINE_EXCEEDED: 'the answer did not come in time',
  CANCELLED: 'the call was cancelled',
  UNIMPLEMENTED: 'this is not implemented',
}

const isInternal = (code: Code): boolean => code === 'INTERNAL' || code === 'UNKNOWN' || code === 'DATA_LOSS'

/** True when it is our fault and somebody should look at it. */
export function isOurFault(error: BanyanError): boolean {
  return isInternal(error.code)
}

/** The status of an error: its own when that is one of an error, else its code's. A call that somebody else cancelled is a 503. */
export function statusOf(error: BanyanError): number {
  const { httpStatus, code } = error
  if (httpStatus !== undefined && httpStatus >= 400 && httpStatus <= 599 && Number.isInteger(httpStatus))
    return httpStatus
  return code === 'CANCELLED' ? 503 : codes[code].http
}

/** A message of a 4xx is about the caller's own request, one that a contract declares is meant for him. */
function detailOf(error: BanyanError, status: number, declared: boolean): string {
  if (!isInternal(error.code) && (declared || status < 500)) return error.message
  return sentences[error.code] ?? error.message
}

/** Whole seconds to wait, for statuses where that means something. */
function retryAfterOf(status: number, error: BanyanError): number | undefined {
  if (status !== 429 && status !== 503) return undefined
  if (error.retryAfterMs !== undefined && error.retryAfterMs >= 0) return Math.ceil(error.retryAfterMs / 1_000)
  return error.retryable || status === 429 ? 1 : undefined
}

const reasonPattern = /^[A-Z][A-Z0-9_]{0,63}$/

function issuesOf(error: BanyanError, source: ProblemSource | undefined): readonly ProblemIssue[] {
  return (error.issues ?? []).map((issue) => {
    if (source !== undefined) return source.inputs.locate(issue)
    return { pointer: issue.path, rule: issue.rule, detail: issue.message }
  })
}

/**
 * The answer to a request that failed, without the headers that every answer has. `source` is undefined when no route was
 * found; `issues` is what the edge itself found wrong.
 */
export function toProblem(
  error: BanyanError,
  requestId: string,
  source: ProblemSource | undefined,
  issues: readonly ProblemIssue[],
  maxIssues: number,
): HttpResponse {
  const status = statusOf(error)
  const internal = isInternal(error.code)
  const reason = internal || !reasonPattern.test(error.reason ?? '') ? undefined : error.reason
  const title = reason === undefined ? undefined : source?.titleOf(reason)
  const declared = title !== undefined
  const retryAfter = retryAfterOf(status, error)
  const errors = internal ? [] : [...issues, ...issuesOf(error, source)].slice(0, maxIssues)
  const document = {
    type: declared ? `urn:banyan:error:${reason}` : 'about:blank',
    title: title ?? phraseOf(status),
    status,
    detail: detailOf(error, status, declared),
    instance: encodeURIComponent(requestId),
    code: error.code,
    reason,
    details: declared ? source?.detailsOf(error) : undefined,
    errors: errors.length === 0 ? undefined : errors,
    retryAfterMs: retryAfter === undefined ? undefined : (error.retryAfterMs ?? retryAfter * 1_000),
  }
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter)
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  if (status === 415) headers['accept'] = 'application/json'
  return { status, headers, body: JSON.stringify(document) }
}
