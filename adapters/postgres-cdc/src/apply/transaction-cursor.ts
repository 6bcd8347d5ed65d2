/**
 * Where the reader is in the stream: between transactions, or at a change of one. Decides what was applied before, so that
 * what the server sends again after a restart is passed over: whole transactions below the position, and the first changes of
 * the one that is in the outbox in part. A transaction's changes come in the same order each time.
 */
import type { CommitFacts } from '../change.ts'
import { refuse } from '../errors.ts'
import { type Lsn, toLsnText } from '../protocol/lsn.ts'
import type { Message } from '../protocol/pgoutput.ts'
import type { Partial } from '../state/position.ts'

type Begin = Extract<Message, { kind: 'begin' }>

export class TransactionCursor {
  /** Everything below is done. */
  position: Lsn
  #resume: Partial | undefined
  #open: Begin | undefined
  #index = 0
  #skipUntil = 0

  constructor(position: Lsn, partial: Partial | undefined) {
    this.position = position
    this.#resume = partial
  }

  /** In the middle of a transaction. */
  get inside(): boolean {
    return this.#open !== undefined
  }

  /** The part of the open transaction that was passed, when there is any. */
  get partial(): Partial | undefined {
    if (this.#open === undefined || this.#skipUntil === Number.POSITIVE_INFINITY) return undefined
    const changes = Math.max(this.#index, this.#skipUntil)
    return changes === 0 ? undefined : { commitLsn: this.#open.commitLsn, changes }
  }

  begin(message: Begin): void {
    if (this.#open !== undefined) throw outOfPlace('begin')
    this.#open = message
    this.#index = 0
    this.#skipUntil = this.#toSkip(message)
  }

  /** The next change: its place, or undefined when it was applied before. */
  next(): CommitFacts | undefined {
    if (this.#open === undefined) throw outOfPlace('row')
    const index = this.#index
    this.#index += 1
    if (index < this.#skipUntil) return undefined
    return { lsn: toLsnText(this.#open.commitLsn), timeMs: this.#open.timeMs, xid: this.#open.xid, index }
  }

  commit(endLsn: Lsn): void {
    if (this.#open === undefined) throw outOfPlace('commit')
    this.#open = undefined
    if (endLsn > this.position) this.position = endLsn
  }

  #toSkip({ commitLsn }: Begin): number {
    if (commitLsn < this.position) return Number.POSITIVE_INFINITY
    return this.#resume?.commitLsn === commitLsn ? this.#resume.changes : 0
  }
}

function outOfPlace(what: string): Error {
  return refuse(
    'CDC_PROTOCOL',
    `the source sent a ${what} message out of place`,
    'Report this: it is a fault of Banyan.',
  )
}
