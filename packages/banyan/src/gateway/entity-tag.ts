/**
 * Strong entity tags of answers (RFC 9110, 8.8.3), from a hash of their text. Entering the cryptographic library costs more
 * than hashing a short answer, so short text is hashed here and only long text by SHA-1. Neither is for secrecy: who forges
 * a collision deceives the cache of his own answer.
 */
import { hash } from 'node:crypto'

/** Up to this many characters the hash here is the faster one (measured). */
const shortLength = 512

/** 64 bits in two multiplicative lanes, mixed at the end (after cyrb53 by bryc, public domain). */
function hashShort(text: string): string {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    a = Math.imul(a ^ unit, 2_654_435_761)
    b = Math.imul(b ^ unit, 1_597_334_677)
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909)
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909)
  return `${(a >>> 0).toString(36)}-${(b >>> 0).toString(36)}-${text.length.toString(36)}`
}

/** The tag of an answer's text. */
export function createEntityTag(text: string): string {
  return `"${text.length <= shortLength ? hashShort(text) : hash('sha1', text, 'base64url')}"`
}

/** True when `If-None-Match` names the tag: by `*` or in its list, compared weakly as RFC 9110, 13.1.2 demands. */
export function matchesEntityTag(ifNoneMatch: string, tag: string): boolean {
  if (ifNoneMatch === tag || ifNoneMatch.trim() === '*') return true
  return ifNoneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)
}
