// One HTTP exchange over a bare socket: for requests that no proper client would send, and for servers that answer
// before they have read everything. It parses as little as it needs to know that the answer is whole.

import { connect } from 'node:net'

export interface RawAnswer {
  /** `closed`: the server ended the connection without a whole answer; `hung`: neither came in time. */
  outcome: 'answered' | 'closed' | 'hung'
  status: number | undefined
  headers: Map<string, string>
  body: string
}

export const defaultExchangeMs = 5_000
export const maxAnswerBytes = 1_000_000

/** Writes the bytes as they are and reads one answer. */
export function exchange(url: string, bytes: Buffer, timeoutMs: number = defaultExchangeMs): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  const { promise, resolve } = Promise.withResolvers<RawAnswer>()
  const socket = connect({ host: hostname, port: Number(port) })
  const timer = setTimeout(() => finish('hung'), timeoutMs)
  const chunks: Buffer[] = []
  let size = 0

  function finish(otherwise: 'closed' | 'hung'): void {
    clearTimeout(timer)
    socket.destroy()
    const answer = toAnswer(Buffer.concat(chunks))
    // What reads until the end of the connection is whole when that has come.
    const whole = answer.whole || (answer.status !== undefined && answer.untilClose && otherwise === 'closed')
    const { status, headers, body } = answer
    resolve({ outcome: whole ? 'answered' : otherwise, status, headers, body })
  }

  socket.on('data', (chunk) => {
    size += chunk.length
    chunks.push(chunk)
    if (size > maxAnswerBytes || toAnswer(Buffer.concat(chunks)).whole) finish('closed')
  })
  // A reset after the answer arrived is the server's good right; a lost write shows as an answer or its absence.
  socket.on('error', () => {})
  socket.on('close', () => finish('closed'))
  socket.write(bytes)
  return promise
}

interface Parsed {
  status: number | undefined
  headers: Map<string, string>
  body: string
  whole: boolean
  untilClose: boolean
}

/** Reads an answer as far as it has come. */
export function toAnswer(bytes: Buffer): Parsed {
  const text = bytes.toString('utf8')
  const end = text.indexOf('\r\n\r\n')
  const lines = (end === -1 ? text : text.slice(0, end)).split('\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(lines[0] ?? '')?.[1]) || undefined
  if (end === -1 || status === undefined)
    return { status, headers: new Map(), body: '', whole: false, untilClose: false }
  if (status < 200) return toAnswer(Buffer.from(text.slice(end + 4)))
  const headers = new Map(lines.slice(1).map(toHeader))
  const body = text.slice(end + 4)
  const length = headers.get('content-length')
  const chunked = headers.get('transfer-encoding') === 'chunked'
  if (status === 204 || status === 304) return { status, headers, body, whole: true, untilClose: false }
  if (chunked) return { status, headers, body, whole: body.endsWith('0\r\n\r\n'), untilClose: false }
  if (length === undefined) return { status, headers, body, whole: false, untilClose: true }
  return { status, headers, body, whole: Buffer.byteLength(body) >= Number(length), untilClose: false }
}

function toHeader(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}
