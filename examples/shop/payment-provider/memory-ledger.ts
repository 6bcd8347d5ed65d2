// A ledger that forgets: for tests of the rules, which need no disk.

import type { Entry } from './entries.ts'
import type { Ledger } from './ledger.ts'

export interface MemoryLedger extends Ledger {
  readonly entries: readonly Entry[]
}

export function createMemoryLedger(options: { maxEntries?: number } = {}): MemoryLedger {
  const entries: Entry[] = []
  return {
    entries,
    get hasRoom() {
      return entries.length < (options.maxEntries ?? 100_000)
    },
    async append(entry) {
      entries.push(entry)
    },
    async settled() {},
    async close() {},
  }
}
