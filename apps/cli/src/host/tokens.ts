/** Tokens between hosts: random, one per service, made anew at every start of the parent and kept in memory only. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Tokens } from 'banyan/runtime'
import type { TokenTable } from './messages.ts'

const digest = (token: string): Buffer => createHash('sha256').update(token).digest()

/** A token for each name. */
export function generateTokens(names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, randomBytes(32).toString('base64url')]))
}

/** What one host needs of all tokens. */
export function toTokenTable(all: Readonly<Record<string, string>>, own: readonly string[]): TokenTable {
  return {
    own: Object.fromEntries(own.map((name) => [name, all[name] ?? ''])),
    digests: Object.fromEntries(Object.entries(all).map(([name, token]) => [name, digest(token).toString('hex')])),
  }
}

/** The table as the runtime asks it; compared by digest in constant time. */
export function fromTokenTable(table: TokenTable): Tokens {
  const known = Object.entries(table.digests).map(([name, hex]) => [name, Buffer.from(hex, 'hex')] as const)
  return {
    identify(token) {
      const given = digest(token)
      let found: string | undefined
      for (const [name, own] of known) if (own.length === given.length && timingSafeEqual(own, given)) found = name
      return found
    },
    of: (service) => table.own[service] ?? '',
  }
}
