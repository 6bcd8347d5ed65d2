/**
 * Which statements one connection has prepared on the server, under which names.
 *
 * A text seen for the first time goes unnamed; from the second time on it has a name, so that texts that come only once
 * (lists of varying length) never take a place. Bounded: the name of the least recently used text is given to another.
 */
import type { Statement, WireStatement } from './exchange.ts'
import { toWireValues } from './exchange.ts'

/** Statements remembered per connection. Postgres keeps a plan for each prepared one, some ten kilobytes. */
export const maxPreparedStatements = 128

interface Entry {
  /** Empty until the text comes for the second time. */
  name: string
  parse: 'no' | 'yes' | 'replace'
}

/** Names for the statements of one connection. */
export class StatementCache {
  readonly #entries = new Map<string, Entry>()
  readonly #free: string[] = []
  readonly #enabled: boolean
  #named = 0

  constructor(enabled: boolean) {
    this.#enabled = enabled
  }

  /** The statement as it goes onto the wire now. A Parse is counted as done at once, since flights arrive in order. */
  toWire(statement: Statement): WireStatement {
    const { text, flush = false } = statement
    const values = toWireValues(statement.values)
    const entry = this.#enabled ? this.#use(text) : undefined
    if (entry === undefined || entry.name === '') return { text, values, name: '', parse: 'yes', flush }
    const parse = entry.parse
    entry.parse = 'no'
    return { text, values, name: entry.name, parse, flush }
  }

  /** The flight failed: what it parsed may be there or not. */
  failed(statements: readonly WireStatement[]): void {
    for (const { text, name, parse } of statements) {
      const entry = this.#entries.get(text)
      if (parse !== 'no' && entry !== undefined && entry.name === name) entry.parse = 'replace'
    }
  }

  /** Parses everything anew: the tables changed under the plans, or somebody deallocated them. */
  forget(): void {
    for (const entry of this.#entries.values()) entry.parse = 'replace'
  }

  #use(text: string): Entry {
    const known = this.#entries.get(text)
    if (known === undefined) return this.#remember(text)
    // Least recently used first: a Map keeps the order of insertion.
    this.#entries.delete(text)
    this.#entries.set(text, known)
    if (known.name === '') this.#giveName(known)
    return known
  }

  #remember(text: string): Entry {
    const entry: Entry = { name: '', parse: 'yes' }
    this.#entries.set(text, entry)
    const oldest = this.#entries.size > maxPreparedStatements ? this.#entries.entries().next().value : undefined
    if (oldest !== undefined) {
      this.#entries.delete(oldest[0])
      if (oldest[1].name !== '') this.#free.push(oldest[1].name)
    }
    return entry
  }

  #giveName(entry: Entry): void {
    const used = this.#free.pop()
    entry.parse = used === undefined ? 'yes' : 'replace'
    if (used === undefined) this.#named += 1
    entry.name = used ?? `banyan_${this.#named}`
  }
}
