/** A request as it goes out, made from what a step says of it; and what of it may be shown. */
import type { Headers } from '../core/environment/network.ts'
import { isBanyanError } from '../core/error.ts'
import {
  type ExternalHeaders,
  type ExternalRequest,
  type ExternalSettings,
  maxExternalRequestBytes,
} from './external.ts'
import { externalInvalid, externalUnprepared, type ShownRequest } from './external-errors.ts'

/** A request, ready to be sent. */
export interface PreparedRequest {
  readonly origin: string
  readonly method: string
  readonly path: string
  readonly headers: Headers
  readonly body: string | Uint8Array | undefined
  readonly shown: ShownRequest
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/
const keyShape = /^[\x21\x23-\x7e][\x21-\x7e]{0,254}$/
/** The connection's own, and what belongs to the one who frames the message. */
const reserved: ReadonlySet<string> = new Set(['connection', 'content-length', 'host', 'transfer-encoding', 'upgrade'])

/** Asks a function of the step's; what it throws is not shown, unless it was said to us. */
export async function ask<Value>(what: string, give: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await give()
  } catch (thrown) {
    throw isBanyanError(thrown) ? thrown : externalUnprepared(what, thrown)
  }
}

function urlOf({ origin }: ExternalSettings, { url }: ExternalRequest): URL {
  const base = typeof origin === 'function' ? origin() : origin
  const isPath = typeof url === 'string' && url.startsWith('/')
  if (isPath && (base === undefined || base === '')) throw externalInvalid(`'url' is a path and 'origin' is missing`)
  const found = isPath ? URL.parse(`${base?.replace(/\/+$/, '')}${url}`) : URL.parse(url)
  // What does not parse is not shown: it may hold a secret.
  if (found === null) throw externalInvalid(`'url' is neither an absolute URL nor a path that begins with '/'`)
  if (found.protocol !== 'http:' && found.protocol !== 'https:') throw externalInvalid(`'url' is not http or https`)
  if (found.username !== '' || found.password !== '') throw externalInvalid(`'url' has a user: send it as a header`)
  return found
}

function addHeaders(to: Record<string, string>, given: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase()
    if (!token.test(name) || reserved.has(lower)) throw externalInvalid(`'${name.slice(0, 50)}' cannot be a header`)
    if (typeof value !== 'string') throw externalInvalid(`the header '${name}' has no value`)
    if (!fieldValue.test(value)) throw externalInvalid(`the header '${name}' has characters that no header can have`)
    to[lower] = value
  }
}

async function headersOf(headers: ExternalHeaders | undefined): Promise<Readonly<Record<string, string | undefined>>> {
  if (headers === undefined) return {}
  return typeof headers === 'function' ? ask('a header', headers) : headers
}

function bodyOf({ json, form, body }: ExternalRequest): readonly [string | Uint8Array | undefined, string | undefined] {
  if ([json, form, body].filter((one) => one !== undefined).length > 1)
    throw externalInvalid(`give one of 'json', 'form' and 'body'`)
  if (json !== undefined) return [toJson(json), 'application/json']
  if (form !== undefined) return [new URLSearchParams(form).toString(), 'application/x-www-form-urlencoded']
  return [body, undefined]
}

function toJson(value: unknown): string {
  try {
    const text = JSON.stringify(value)
    if (text !== undefined) return text
  } catch {
    // Said below.
  }
  throw externalInvalid(`'json' is not JSON`)
}

function keyHeaderOf({ keyHeader = 'Idempotency-Key', quoteKey = false }: ExternalSettings, key: string | undefined) {
  if (keyHeader === false) return {}
  if (key === undefined) throw externalInvalid(`'key' is missing: give one, or say keyHeader: false`)
  if (!keyShape.test(key)) throw externalInvalid(`'key' must be 1 to 255 visible ASCII characters`)
  return { [keyHeader]: quoteKey ? `"${key.replace(/["\\]/g, '\\$&')}"` : key }
}

/** Method and URL as they may be shown. */
function show(method: string, url: URL, showQuery: boolean | undefined): ShownRequest {
  return { method, url: `${url.origin}${url.pathname}${showQuery === true ? url.search : ''}` }
}

/** Makes it; throws INVALID_ARGUMENT `EXTERNAL_INVALID` for one that cannot be sent. */
export async function prepare(
  settings: ExternalSettings,
  request: ExternalRequest,
  key: string | undefined,
): Promise<PreparedRequest> {
  const method = request.method ?? 'POST'
  if (!methods.has(method)) throw externalInvalid(`'method' must be one of ${[...methods].join(', ')}`)
  const url = urlOf(settings, request)
  const [body, type] = bodyOf(request)
  const isSafe = method === 'GET' || method === 'HEAD'
  if (isSafe && body !== undefined) throw externalInvalid(`${method} has no body`)
  if (body !== undefined && Buffer.byteLength(body) > maxExternalRequestBytes)
    throw externalInvalid(`the body has more than ${maxExternalRequestBytes} bytes`)
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'banyan' }
  if (type !== undefined) headers['content-type'] = type
  addHeaders(headers, await headersOf(settings.headers))
  addHeaders(headers, await headersOf(request.headers))
  if (!isSafe) addHeaders(headers, keyHeaderOf(settings, key))
  const path = `${url.pathname}${url.search}`
  return { origin: url.origin, method, path, headers, body, shown: show(method, url, settings.showQuery) }
}
