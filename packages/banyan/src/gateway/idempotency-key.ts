/**
 * The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header): a structured-field string in quotes, as the
 * draft has it, or bare, as most clients send it. Both name the same key.
 */
import { malformed } from './refusal.ts'

const maxLength = 255
const bare = /^[\x21\x23-\x7e][\x21-\x7e]*$/
const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"$/

/** The key; throws what answers 400. */
export function parseIdempotencyKey(header: string): string {
  const inQuotes = quoted.exec(header)?.[1]
  const key = inQuotes === undefined ? header : inQuotes.replace(/\\(.)/g, '$1')
  if (key.length > maxLength || (inQuotes === undefined && !bare.test(header)))
    throw malformed(
      'MALFORMED_IDEMPOTENCY_KEY',
      `Idempotency-Key must be 1 to ${maxLength} visible ASCII characters, bare or as one string in quotes`,
    )
  return key
}
