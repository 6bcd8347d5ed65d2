// A malformed request as bytes, with what may be answered. Bytes, because half of these no HTTP client would send.

export interface MalformedRequest {
  /** What is wrong with it; unique. */
  name: string
  bytes: Buffer
  /**
   * `refused`: a status of 400 and above that is not a 500 (of the 5xx, 501 and 505 say that the request is to blame).
   * `refused or closed`: the same, or the connection ended without an answer: framing that cannot be trusted.
   * `harmless`: anything that is neither an error of the server nor silence; such requests ask and cannot write.
   */
  expected: 'refused' | 'refused or closed' | 'harmless'
}

/** What the generator may use of the running shop: real things, so that only the fault it plants is at fault. */
export interface Target {
  sku: string
  orderId: string
  customerId: string
}

export interface Head {
  method: string
  path: string
  /** Written in this order, repeated names included. */
  headers?: [string, string][]
  body?: string | Buffer
}

/** Writes a request whose framing is right; what it says may be wrong. */
export function toBytes({ method, path, headers = [], body }: Head): Buffer {
  const content = typeof body === 'string' ? Buffer.from(body) : body
  const lines = [`${method} ${path} HTTP/1.1`, 'host: shop', 'connection: close']
  for (const [name, value] of headers) lines.push(`${name}: ${value}`)
  if (content) lines.push(`content-length: ${content.length}`)
  // latin1 keeps every byte of a header or path below 256 as it is.
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), content ?? Buffer.alloc(0)])
}

export const json: [string, string] = ['content-type', 'application/json']
