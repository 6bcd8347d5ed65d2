/**
 * The request target (RFC 9112, 3.2) taken apart: path segments, percent-decoded once and one by one, and the query as
 * sent. An encoded slash therefore stays inside its segment, and no second decoding can turn data into structure.
 */
import { malformed, targetTooLong } from './refusal.ts'

/** A target, taken apart. */
export interface Target {
  /** Decoded segments; `/` has none, `/a/` has 'a' and ''. */
  readonly segments: readonly string[]
  /** After the '?', as sent; '' without one. */
  readonly query: string
}

const slash = 47
const percent = 37
const question = 63

/** Host and port; user information has no place in a request (RFC 9110, 4.2.4). */
const authorityShape = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/

/** Path and query of an absolute-form target (`GET http://host/path`), which RFC 9112 obliges servers to take. */
function toOriginForm(target: string): string {
  const scheme = target.startsWith('http://') ? 7 : target.startsWith('https://') ? 8 : 0
  if (scheme === 0) throw malformed('MALFORMED_TARGET', "the request target must start with '/'")
  const rest = target.slice(scheme)
  const end = rest.search(/[/?]/)
  const authority = end === -1 ? rest : rest.slice(0, end)
  if (!authorityShape.test(authority)) throw malformed('MALFORMED_TARGET', 'the request target names no host')
  if (end === -1) return '/'
  return rest[end] === '/' ? rest.slice(end) : `/${rest.slice(end)}`
}

/** Refuses what RFC 3986 has no place for: spaces, controls, everything beyond ASCII, fragments and backslashes. */
function checkCharacter(code: number): void {
  if (code <= 32 || code >= 127 || code === 35 || code === 92)
    throw malformed('MALFORMED_TARGET', 'the request target has a character that must be percent-encoded')
}

/** Decodes one segment; refuses bad encodings, controls, and the dot segments that only mean something to file systems. */
function decodeSegment(raw: string, encoded: boolean): string {
  const segment = encoded ? decode(raw) : raw
  if (segment === '.' || segment === '..') throw malformed('MALFORMED_PATH', "the path has a '.' or '..' segment")
  if (encoded && hasControl(segment)) throw malformed('MALFORMED_PATH', 'the path has an encoded control character')
  return segment
}

function decode(raw: string): string {
  try {
    return decodeURIComponent(raw)
  } catch {
    throw malformed('MALFORMED_PATH', 'the path has a percent-encoding that is not UTF-8')
  }
}

function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 32 || code === 127) return true
  }
  return false
}

/** Takes a target apart; throws what answers 400 or 414. */
export function parseTarget(given: string, maxBytes: number): Target {
  if (given.length > maxBytes) throw targetTooLong(maxBytes)
  const target = given.charCodeAt(0) === slash ? given : toOriginForm(given)
  const segments: string[] = []
  let start = 1
  let encoded = false
  let index = 1
  for (; index < target.length; index++) {
    const code = target.charCodeAt(index)
    if (code === question) break
    if (code === slash) {
      segments.push(decodeSegment(target.slice(start, index), encoded))
      start = index + 1
      encoded = false
    } else if (code === percent) encoded = true
    else checkCharacter(code)
  }
  if (index > 1) segments.push(decodeSegment(target.slice(start, index), encoded))
  const query = index + 1 < target.length ? target.slice(index + 1) : ''
  for (let at = 0; at < query.length; at++) checkCharacter(query.charCodeAt(at))
  return { segments, query }
}
