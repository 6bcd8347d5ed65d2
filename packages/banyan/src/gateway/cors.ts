/**
 * Cross-origin requests (the Fetch standard's CORS protocol): off unless configured, and then for listed origins only,
 * compared exactly. A request of any other origin gets no CORS header at all, which is how browsers are told no.
 */
import type { Headers } from '../core/environment/network.ts'
import { BanyanError } from '../core/error.ts'

/** Who may call from a browser. */
export interface CorsOptions {
  /** Exact origins like 'https://shop.example', or '*' alone for everybody (then without credentials). */
  readonly origins: readonly string[]
  /** Cookies and authorization headers may be sent along. Default false. */
  readonly credentials?: boolean
  /** Request headers beyond those the gateway itself knows. */
  readonly requestHeaders?: readonly string[]
  /** How long a browser may remember the answer to a preflight, in seconds. Default 600. */
  readonly maxAgeSeconds?: number
}

const knownRequestHeaders = [
  'accept',
  'authorization',
  'content-type',
  'idempotency-key',
  'if-none-match',
  'x-request-id',
  'traceparent',
  'tracestate',
  'baggage',
  'banyan-position',
]
const exposedHeaders = 'etag, location, retry-after, x-request-id, traceparent, deprecation, link, banyan-position'

/** What is added to answers. */
export interface Cors {
  /** Adds to the headers of any answer. */
  decorate(request: Headers, answer: Record<string, string>): void
  /** Adds what a preflight asks for to the answer to OPTIONS. */
  preflight(request: Headers, allowed: string, answer: Record<string, string>): void
}

const isOrigin = (text: string): boolean => {
  try {
    return new URL(text).origin === text
  } catch {
    return false
  }
}

function check({ origins, credentials }: CorsOptions): void {
  const bad = origins.find((origin) => origin !== '*' && !isOrigin(origin))
  const fault =
    bad !== undefined
      ? `'${bad}' is no origin: write scheme, host and port only, like 'https://shop.example'`
      : origins.includes('*') && (credentials === true || origins.length > 1)
        ? "'*' stands alone and without credentials"
        : undefined
  if (fault !== undefined)
    throw new BanyanError('INVALID_ARGUMENT', `gateway: cors.origins: ${fault}`, { reason: 'INVALID_GATEWAY' })
}

/** Compiles the options. */
export function createCors(options: CorsOptions): Cors {
  check(options)
  const origins = new Set(options.origins)
  const everybody = origins.has('*')
  const requestHeaders = [...knownRequestHeaders, ...(options.requestHeaders ?? [])].join(', ').toLowerCase()
  const maxAge = String(options.maxAgeSeconds ?? 600)
  const isAllowed = (origin: string | undefined): origin is string =>
    origin !== undefined && (everybody || origins.has(origin))

  const decorate: Cors['decorate'] = (request, answer) => {
    if (!everybody) answer['vary'] = 'origin'
    const origin = request['origin']
    if (!isAllowed(origin)) return
    answer['access-control-allow-origin'] = everybody ? '*' : origin
    answer['access-control-expose-headers'] = exposedHeaders
    if (options.credentials === true) answer['access-control-allow-credentials'] = 'true'
  }

  return {
    decorate,
    preflight(request, allowed, answer) {
      if (request['access-control-request-method'] === undefined || !isAllowed(request['origin'])) return
      answer['access-control-allow-methods'] = allowed
      answer['access-control-allow-headers'] = requestHeaders
      answer['access-control-max-age'] = maxAge
    },
  }
}
