/** The header names of calls between hosts; the gateway ignores all of them from outside. */
import type { WireMetadata } from '../transport.ts'

/** Both ways: what must be seen, and what was published. */
export const positionHeader = 'banyan-position'

/** Metadata as headers. */
export function toHeaders(metadata: WireMetadata): Record<string, string> {
  const headers: Record<string, string> = {
    authorization: `Bearer ${metadata.token}`,
    'content-type': 'application/json',
    'banyan-timeout-ms': String(metadata.timeoutMs),
  }
  if (metadata.traceparent !== undefined) headers['traceparent'] = metadata.traceparent
  if (metadata.tracestate !== undefined) headers['tracestate'] = metadata.tracestate
  if (metadata.baggage !== undefined) headers['baggage'] = metadata.baggage
  if (metadata.idempotencyKey !== undefined)
    headers['banyan-idempotency-key'] = encodeURIComponent(metadata.idempotencyKey)
  if (metadata.undoes !== undefined) headers['banyan-undoes'] = encodeURIComponent(metadata.undoes)
  if (metadata.caller !== undefined) headers['banyan-caller'] = encodeURIComponent(metadata.caller)
  if (metadata.position !== undefined) headers[positionHeader] = metadata.position
  return headers
}

const maxTimeoutMs = 3_600_000

/** Headers as metadata; undefined when they are not a host's. */
export function fromHeaders(headers: Readonly<Record<string, string>>): WireMetadata | undefined {
  const { authorization } = headers
  const timeoutMs = Number(headers['banyan-timeout-ms'])
  if (
    authorization?.startsWith('Bearer ') !== true ||
    !Number.isInteger(timeoutMs) ||
    timeoutMs < 0 ||
    timeoutMs > maxTimeoutMs
  )
    return undefined
  try {
    const key = headers['banyan-idempotency-key']
    const caller = headers['banyan-caller']
    const undoes = headers['banyan-undoes']
    return {
      token: authorization.slice(7),
      timeoutMs,
      traceparent: headers['traceparent'],
      tracestate: headers['tracestate'],
      baggage: headers['baggage'],
      idempotencyKey: key === undefined ? undefined : decodeURIComponent(key),
      undoes: undoes === undefined ? undefined : decodeURIComponent(undoes),
      caller: caller === undefined ? undefined : decodeURIComponent(caller),
      position: headers[positionHeader],
    }
  } catch {
    return undefined
  }
}
