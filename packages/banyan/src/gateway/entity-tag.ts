/** Strong entity tags of answers (RFC 9110, 8.8.3), from a hash of their bytes. */
import { hash } from 'node:crypto'

/** The tag of a body. SHA-1 is for speed here, not for secrecy: nobody gains by a collision with his own answer. */
export function createEntityTag(body: string): string {
  return `"${hash('sha1', body, 'base64url')}"`
}

/** True when `If-None-Match` names the tag: by `*` or in its list, compared weakly as RFC 9110, 13.1.2 demands. */
export function matchesEntityTag(ifNoneMatch: string, tag: string): boolean {
  if (ifNoneMatch === tag || ifNoneMatch.trim() === '*') return true
  return ifNoneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)
}
