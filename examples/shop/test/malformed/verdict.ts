// Was the answer to a malformed request a decent one? Says what is wrong with it, or nothing.

import type { RawAnswer } from '../raw-http.ts'
import type { MalformedRequest } from './request.ts'

/** Traces of the inside: stack frames, files, drivers, SQL. */
const inside =
  /\bat .+:\d+:\d+|node_modules|file:\/\/|\.[cm]?[jt]s:\d+|\bECONN|\bSQLSTATE|\bpg_|relation "|syntax error at/

/** Of all 5xx only these say that the request is at fault: not implemented, version not supported. */
const refusals5xx = new Set([501, 505])

export function faultOf(request: MalformedRequest, answer: RawAnswer): string | undefined {
  const { outcome, status, body } = answer
  if (outcome === 'hung') return 'no whole answer and no end of the connection'
  if (status === undefined)
    return request.expected === 'refused or closed' ? undefined : 'the connection ended unanswered'
  if (status >= 500 && !refusals5xx.has(status)) return `answered ${status}: ${body.slice(0, 300)}`
  if (request.expected !== 'harmless' && status < 400) return `accepted with ${status}: ${body.slice(0, 300)}`
  const leak = inside.exec(body)
  if (leak) return `the answer shows the inside: ${JSON.stringify(leak[0].slice(0, 200))}`
  return request.expected === 'refused' ? problemFault(answer) : undefined
}

/** What reaches the routes is refused with problem details; what the parser refuses may have no body. */
function problemFault({ headers, body, status }: RawAnswer): string | undefined {
  if (body === '') return undefined
  const type = headers.get('content-type') ?? '(none)'
  if (!type.startsWith('application/problem+json')) return `${status} of type ${type}: ${body.slice(0, 100)}`
  return undefined
}
