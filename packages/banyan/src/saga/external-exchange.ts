/**
 * One request and its answer, and what the answer means. Redirects are not followed: where a request that moves something goes is
 * not for an answer to decide.
 *
 * Source of the meanings: RFC 9110, 15 (408, 425 in RFC 8470, 429 in RFC 6585 and 503 with Retry-After say that nothing was done); a
 * 5xx says only that something went wrong, and proxies send it for requests that were carried out.
 */
import { Cancellation, followSignal } from '../core/cancellation.ts'
import type { Environment } from '../core/environment/environment.ts'
import type { HttpAnswer } from '../core/environment/network.ts'
import { BanyanError, isBanyanError } from '../core/error.ts'
import {
  type ExternalMeaning,
  type ExternalResponse,
  type ExternalSettings,
  externalTimeoutMs,
  maxExternalHeaderBytes,
  maxExternalResponseBytes,
  maxRetryAfterMs,
} from './external.ts'
import { sendExternal } from './external-client.ts'
import { externalUnknown, externalUnreachable } from './external-errors.ts'
import type { PreparedRequest } from './external-request.ts'

const notDone: ReadonlySet<number> = new Set([408, 425, 429])
/** The method and the body would have gone elsewhere as they are: nothing was done here. */
const moved: ReadonlySet<number> = new Set([301, 304, 307, 308])

/** What an answer means when its step says nothing else. */
export function meaningOf({ status, headers }: ExternalResponse, readAlso: readonly number[] = []): ExternalMeaning {
  if ((status >= 200 && status < 300) || readAlso.includes(status)) return 'read'
  if (notDone.has(status) || (status === 503 && headers['retry-after'] !== undefined)) return 'none'
  if (moved.has(status) || (status >= 400 && status < 500)) return 'refused'
  return 'unknown'
}

/** How long the answer asks to be left alone: seconds, or a date. Bounded; undefined when it says nothing. */
export function retryAfterOf({ headers }: ExternalResponse, nowMs: number): number | undefined {
  const given = headers['retry-after']?.trim()
  if (given === undefined || given === '') return undefined
  const ms = /^\d{1,9}$/.test(given) ? Number(given) * 1_000 : Date.parse(given) - nowMs
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), maxRetryAfterMs) : undefined
}

function toResponse(answer: HttpAnswer): ExternalResponse {
  const text = answer.text()
  return { status: answer.status, headers: flat(answer.headers), text, json: () => JSON.parse(text) as never }
}

/** A header that came several times is one, as everywhere here. */
function flat(headers: HttpAnswer['headers']): Readonly<Record<string, string>> {
  const entries = Object.entries(headers as Readonly<Record<string, string | readonly string[] | undefined>>)
  return Object.fromEntries(
    entries.map(([name, value]) => [name.toLowerCase(), typeof value === 'string' ? value : (value ?? []).join(', ')]),
  )
}

function assertBounds(request: PreparedRequest, response: ExternalResponse, settings: ExternalSettings): void {
  const { maxResponseBytes = maxExternalResponseBytes, maxHeaderBytes = maxExternalHeaderBytes } = settings
  const size = Object.entries(response.headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
  const details = { ...request.shown, status: response.status }
  if (size > maxHeaderBytes)
    throw externalUnknown(details, `the headers of the answer have more than ${maxHeaderBytes} bytes`)
  if (Buffer.byteLength(response.text) > maxResponseBytes)
    throw externalUnknown(details, `the answer has more than ${maxResponseBytes} bytes`)
}

function toFailure(request: PreparedRequest, thrown: unknown): BanyanError {
  if (isBanyanError(thrown) && thrown.reason === 'EXTERNAL_UNKNOWN') return thrown
  const cause = isBanyanError(thrown) ? undefined : thrown
  if (isBanyanError(thrown) && thrown.outcome === 'none') return externalUnreachable(request.shown, thrown.cause)
  const what = isBanyanError(thrown) ? thrown.message : 'the connection broke'
  return externalUnknown(request.shown, what, { cause })
}

/**
 * Sends it and gives the answer, whatever its status. Rejects with UNAVAILABLE: `EXTERNAL_UNREACHABLE` (outcome 'none') when nothing
 * was sent, `EXTERNAL_UNKNOWN` (outcome 'unknown') when no whole answer came in time or the signal was aborted.
 */
export async function exchange(
  { network, timers }: Pick<Environment, 'network' | 'timers'>,
  settings: ExternalSettings,
  request: PreparedRequest,
  signal: AbortSignal | undefined,
): Promise<ExternalResponse> {
  const { timeoutMs = externalTimeoutMs, maxResponseBytes = maxExternalResponseBytes } = settings
  const cancellation = new Cancellation()
  const timer = timers.after(timeoutMs, () =>
    cancellation.cancel(externalUnknown(request.shown, `no answer within ${timeoutMs} ms`)),
  )
  if (signal !== undefined) followSignal(signal, { cancel: () => cancellation.cancel(stopped()) })
  const { origin, method, path, headers, body } = request
  try {
    const call = {
      method,
      path,
      headers,
      cancellation,
      maxBytes: maxResponseBytes,
      ...(body !== undefined && { body }),
    }
    const answer = await sendExternal(network, origin, call)
    const response = toResponse(answer)
    assertBounds(request, response, settings)
    return response
  } catch (thrown) {
    throw toFailure(request, thrown)
  } finally {
    timer.cancel()
  }
}

const stopped = (): BanyanError =>
  new BanyanError('CANCELLED', 'it was stopped before the answer came', { outcome: 'unknown' })
