/** The query string as name and value pairs, decoded as HTML forms encode it ('+' is a space), strictly. */
import { malformed } from './refusal.ts'

function decode(raw: string): string {
  if (!raw.includes('%') && !raw.includes('+')) return raw
  try {
    return decodeURIComponent(raw.replaceAll('+', ' '))
  } catch {
    throw malformed('MALFORMED_QUERY', 'the query string has a percent-encoding that is not UTF-8')
  }
}

/** Names at even places, values at odd ones, in order of appearance; empty pairs (`a=1&&b=2`) are skipped. Throws what answers 400. */
export function parseQuery(query: string, maxParameters: number): readonly string[] {
  const pairs: string[] = []
  let start = 0
  while (start < query.length) {
    let end = query.indexOf('&', start)
    if (end === -1) end = query.length
    if (end > start) {
      if (pairs.length === maxParameters * 2)
        throw malformed('TOO_MANY_PARAMETERS', `the query string has more than ${maxParameters} parameters`)
      const equals = query.indexOf('=', start)
      const split = equals === -1 || equals > end ? end : equals
      pairs.push(decode(query.slice(start, split)), split === end ? '' : decode(query.slice(split + 1, end)))
    }
    start = end + 1
  }
  return pairs
}
