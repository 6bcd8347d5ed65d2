/** Tokens between hosts: random, one per service, made anew at every start of the parent and kept in memory only. */
import { randomBytes } from 'node:crypto'
import { createTokensFromDigests, digestToken, type Tokens } from 'banyan/transport'
import type { TokenTable } from './messages.ts'

/** A token for each name. */
export function generateTokens(names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, randomBytes(32).toString('base64url')]))
}

/** What one host needs of all tokens. */
export function toTokenTable(all: Readonly<Record<string, string>>, own: readonly string[]): TokenTable {
  return {
    own: Object.fromEntries(own.map((name) => [name, all[name] ?? ''])),
    digests: Object.fromEntries(Object.entries(all).map(([name, token]) => [name, digestToken(token)])),
  }
}

/** The table as the runtime asks it. */
export function fromTokenTable(table: TokenTable): Tokens {
  return createTokensFromDigests(table.own, table.digests)
}
