/**
 * What the end of a stream says about the outbox: up to where it was read, and which of its next events are in the log already.
 *
 * An append is n messages, and a relay can die after any of them. The last one carries the new position (`Banyan-Cursor`); so
 * the position of a stream is that of its last such message, and the events behind it belong to an append that was not
 * finished: they are *landed*, and whoever reads the outbox from the position again must leave them out.
 *
 * Why nothing is lost, doubled or put out of order: every message of a relay names the sequence it must follow, so whoever
 * appends has seen everything before it, landed events of others included (a relay that was paused and wakes up too). It
 * appends only what is not landed, in the order of its page. Pages read from one position agree on the order of a key, and a
 * later page holds everything an earlier one did. So each event is appended once, behind the events of its key.
 *
 * Where an append covers less than what has landed (a smaller page than the dead relay's), its last message also says
 * `Banyan-Scan`: landed events are to be looked for from there on.
 */
import { BanyanError } from 'banyan/core'
import type { OutboxCursor } from 'banyan/store'
import type { RelayMark } from '../log/message.ts'

/** Events that may be landed behind a position. A page is some hundred; more means that this is no log of a relay. */
export const maxLanded = 100_000

/** Where a stream stands. */
export interface Position {
  readonly cursor: OutboxCursor | undefined
  /** Landed events lie behind this sequence. */
  readonly scan: number
}

/** The end of one stream, as far as it was looked at. */
export class Tail {
  /** Looked at up to here. */
  seq: number
  /** The highest epoch that has appended. */
  epoch = 0
  #cursor: OutboxCursor | undefined
  #scan: number
  readonly #landed = new Map<string, number>()

  /** Begins at a position that was true once; what came after it is told by {@link see}. */
  constructor({ cursor, scan }: Position) {
    this.#cursor = cursor
    this.#scan = scan
    this.seq = scan
  }

  get position(): Position {
    return { cursor: this.#cursor, scan: this.#scan }
  }

  hasLanded(id: string): boolean {
    return this.#landed.has(id)
  }

  /** Takes note of the next message; `mark` is undefined for one of somebody else. */
  see(seq: number, mark: RelayMark | undefined): void {
    this.seq = seq
    if (mark === undefined) return
    this.epoch = Math.max(this.epoch, mark.epoch)
    if (mark.cursor !== undefined) return this.#moveTo({ cursor: mark.cursor, scan: mark.scan ?? seq })
    if (this.#landed.size >= maxLanded) throw tooManyLanded(this.#scan)
    this.#landed.set(mark.id, seq)
  }

  /** The position after these events, if all of them are in the log when the stream ends at `seq`. */
  after(events: readonly { readonly id: string }[], cursor: OutboxCursor, seq: number): Position {
    const covered = new Set(events.map((event) => event.id))
    for (const id of this.#landed.keys()) if (!covered.has(id)) return { cursor, scan: this.#scan }
    return { cursor, scan: seq }
  }

  /** The position was stored elsewhere than in the stream. */
  moveTo(position: Position): void {
    this.#moveTo(position)
  }

  #moveTo({ cursor, scan }: Position): void {
    this.#cursor = cursor
    this.#scan = scan
    for (const [id, seq] of this.#landed) if (seq <= scan) this.#landed.delete(id)
  }
}

function tooManyLanded(scan: number): BanyanError {
  const message = `more than ${maxLanded} events of a relay lie behind sequence ${scan} without a position among them`
  return new BanyanError('FAILED_PRECONDITION', message, {
    reason: 'LOG_WITHOUT_POSITION',
    hint: 'Something else than a relay has written them, or positions were removed; forgetCursor() begins anew.',
  })
}
