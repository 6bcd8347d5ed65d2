// The one way to change anything: the books in memory in this very turn, the ledger on disk before anybody is answered.

import type { Books } from './books.ts'
import type { Entry } from './entries.ts'
import type { Ledger } from './ledger.ts'
import { overloaded } from './provider-error.ts'

/** Applies the entry at once, and resolves when it is on disk. Refuses before anything changes when the ledger is full. */
export type Recorder = (entry: Entry) => Promise<void>

export function createRecorder(books: Books, ledger: Ledger): Recorder {
  return async (entry) => {
    if (!ledger.hasRoom) throw overloaded()
    books.apply(entry)
    await ledger.append(entry)
  }
}
