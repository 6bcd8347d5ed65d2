/**
 * A JSON body (RFC 8259), read strictly: UTF-8 only, bounded in depth before it is parsed. A byte order mark is ignored,
 * as the RFC allows. Of a name that comes twice the last value counts, as in every JavaScript engine; `__proto__` is a
 * name like any other here (JSON.parse makes it an own property) and is refused by the schema like any unknown one.
 */
import { decodeUtf8 } from '../core/utf8.ts'
import { malformed } from './refusal.ts'

const byteOrderMark = 0xfeff

function toText(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes)
  if (text === undefined) throw malformed('MALFORMED_BODY', 'the body is not UTF-8')
  return text.charCodeAt(0) === byteOrderMark ? text.slice(1) : text
}

/** True when there cannot be more than `max` opening brackets, in strings or not. */
function hasFewBrackets(text: string, max: number): boolean {
  let count = 0
  for (let at = text.indexOf('{'); at !== -1; at = text.indexOf('{', at + 1)) if (++count > max) return false
  for (let at = text.indexOf('['); at !== -1; at = text.indexOf('[', at + 1)) if (++count > max) return false
  return true
}

/** The position after a string that starts at `quote`. */
function skipString(text: string, quote: number): number {
  for (let index = quote + 1; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 92) index++
    else if (code === 34) return index
  }
  return text.length
}

function isDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 34) index = skipString(text, index)
    else if (code === 123 || code === 91) {
      if (++depth > maxDepth) return true
    } else if (code === 125 || code === 93) depth--
  }
  return false
}

/** The value of a body; throws what answers 400. The body is not empty. */
export function parseJsonBody(bytes: Uint8Array, maxDepth: number): unknown {
  const text = toText(bytes)
  if (!hasFewBrackets(text, maxDepth) && isDeeperThan(text, maxDepth))
    throw malformed('BODY_TOO_DEEP', `the body is nested deeper than ${maxDepth} levels`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw malformed('MALFORMED_BODY', 'the body is not JSON')
  }
  // Text that PostgreSQL (and C) cannot hold; the escape is the only way to write it in JSON.
  if (text.includes('\\u0000') && hasNul(value))
    throw malformed('NUL_IN_TEXT', 'the body has the character U+0000, which text may not contain')
  return value
}

function hasNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0')
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(hasNul)
  return Object.entries(value).some(([name, member]) => name.includes('\0') || hasNul(member))
}
