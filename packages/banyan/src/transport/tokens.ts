/** How a host knows who calls, before there is mutual TLS: a random token per service, known to others by its digest. */
import { hash } from 'node:crypto'

/** Which token belongs to whom. How long `identify` takes must tell a stranger nothing about the tokens. */
export interface Tokens {
  /** The service that holds this token; undefined for a stranger's. */
  identify(token: string): string | undefined
  /** The token of a service of this host. */
  of(service: string): string
}

/** What is told of a token to those who must know it when they see it, but may not use it: its SHA-256, in base64. */
export function digestToken(token: string): string {
  return hash('sha256', token, 'base64')
}

/**
 * Tokens of a host that holds its own in the clear and only the digests of everybody's. Looked up by digest: what the time
 * of a look-up may tell is about the digest of a guess, from which nothing follows for the next one; and it is one digest a
 * call, however many services there are.
 */
export function createTokensFromDigests(
  own: Readonly<Record<string, string>>,
  digests: Readonly<Record<string, string>>,
): Tokens {
  const services = new Map(Object.entries(digests).map(([service, digest]) => [digest, service]))
  return {
    identify: (token) => services.get(digestToken(token)),
    of: (service) => own[service] ?? '',
  }
}

/** Tokens from a plain table: service → token. */
export function createTokens(table: Readonly<Record<string, string>>): Tokens {
  const digests = Object.fromEntries(Object.entries(table).map(([service, token]) => [service, digestToken(token)]))
  return createTokensFromDigests(table, digests)
}
