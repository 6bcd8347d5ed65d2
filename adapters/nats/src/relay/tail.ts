/**
 * What the end of a stream says about the outbox: up to where it was read, and which of its next events are in the log already.
 *
 * An append is n messages, and a relay can die after any of them. The last one carries the new position (`Banyan-Cursor`); so
 * the position of a stream is that of its last such message, and the events behind it belong to an append that was not
 * finished: they are *landed*, and whoever reads the outbox from the position again must leave them out.
 *
 * Why nothing is lost, doubled or put out of order: the first message of an append names the sequence it must follow, every
 * other one also the message (publish-chain.ts). So an append lands as one piece, or the front of it, directly behind the last
 * message its relay had seen; landed events of others included, also for a relay that was paused and wakes up. It appends only
 * what is not landed, in the order of its page. Pages read from one position agree on the order of a key, and a later page
 * holds everything that an earlier one did. So each event is appended once, behind the events of its key, and a position is
 * only ever written behind everything that it covers.
 *
 * Where an append covers less than what has landed (a smaller page than the dead relay's), its last message also says
 * `Banyan-Scan`: landed events are to be looked for from there on.
 */
import { BanyanError } from 'banyan/core'
import type { OutboxCursor } from 'banyan/store'
import type { RelayMark } from '../log/message.ts'

/** Events that may be landed behind a position. A page is some hundred; more means that this is no log of a relay. */
export const maxLanded = 100_000

/** A position of the outbox, and the sequence behind which events may have landed that it does not cover. */
export interface Position {
  readonly cursor: OutboxCursor | undefined
  readonly scan: number
}

/** The end of one stream, as far as it was looked at. */
export class Tail {
  /** Looked at up to here. */
  seq: number
  /** The highest epoch that has appended. */
  epoch = 0
  /** What whoever appends here works from. */
  #told: Position
  /** What the stream says. Ahead of {@link #told} when another relay has finished an append meanwhile. */
  #last: Position
  /** Everything that a relay wrote behind what was told. */
  readonly #landed = new Map<string, number>()
  /** Of the last position that was seen: it covers all that lies before it. Undefined before the first. */
  #covers: boolean | undefined

  /** Begins at a position that was true once; what came after it is told by {@link see}. */
  constructor(position: Position) {
    this.#told = position
    this.#last = position
    this.seq = position.scan
  }

  /** The position as the stream has it; from now on, appends are taken to begin at it. */
  tell(): Position {
    this.moveTo(this.#last)
    return this.#told
  }

  /** What {@link tell} gave, or {@link moveTo} set, last. */
  get told(): Position {
    return this.#told
  }

  /** Whether the position covers every event up to its `scan` and none behind it, as far as can be seen. */
  get isExact(): boolean {
    return this.#covers ?? !this.hasLandedAny
  }

  /** Something of a relay lies behind what was told. */
  get hasLandedAny(): boolean {
    return this.#landed.size > 0
  }

  hasLanded(id: string): boolean {
    return this.#landed.has(id)
  }

  /** Takes note of the next message; `mark` is undefined for one of somebody else. */
  see(seq: number, mark: RelayMark | undefined): void {
    this.seq = seq
    if (mark === undefined) return
    this.epoch = Math.max(this.epoch, mark.epoch)
    this.#landed.set(mark.id, seq)
    if (mark.cursor !== undefined) {
      this.#last = { cursor: mark.cursor, scan: mark.scan ?? seq }
      this.#covers = mark.scan === undefined
    }
    if (this.#landed.size > maxLanded) throw tooManyLanded(this.#told.scan)
  }

  /** The position after these events, if all of them are in the log when the stream ends at `seq`. */
  after(events: readonly { readonly id: string }[], cursor: OutboxCursor, seq: number): Position {
    const covered = new Set(events.map((event) => event.id))
    for (const id of this.#landed.keys()) if (!covered.has(id)) return { cursor, scan: this.#told.scan }
    return { cursor, scan: seq }
  }

  /** Appends begin at this position from now on. */
  moveTo(position: Position): void {
    this.#told = position
    this.#last = position
    for (const [id, seq] of this.#landed) if (seq <= position.scan) this.#landed.delete(id)
  }
}

function tooManyLanded(scan: number): BanyanError {
  const message = `more than ${maxLanded} events of a relay lie behind sequence ${scan} without a position among them`
  return new BanyanError('FAILED_PRECONDITION', message, {
    reason: 'LOG_WITHOUT_POSITION',
    hint: 'Something else than a relay has written them, or positions were removed; forgetCursor() begins anew.',
  })
}
