/**
 * Appends to one source: under its lease, behind what is in the log, each event once. What this remembers between two appends
 * (the end of the stream) only saves looking; when it is wrong, the broker refuses the append and we look.
 */

import type { RelayLease } from 'banyan/bus'
import { BanyanError } from 'banyan/core'
import { Fenced, type NewEvent, type OutboxCursor } from 'banyan/store'
import type { Link } from '../connection/link.ts'
import type { Names } from '../names.ts'
import { type Append, toMessages } from './append.ts'
import { catchUp } from './catch-up.ts'
import { changeEntry, createWriteEntry, maxRaces } from './entry-changes.ts'
import { decideLease } from './lease.ts'
import { publishChain } from './publish-chain.ts'
import { type FoundRecord, positionOf, type RelayRecord, type RelayRecords, withPosition } from './record.ts'
import type { ServerClock } from './server-clock.ts'
import { Tail } from './tail.ts'

/** What all writers of a bus share. */
export interface WriterParts {
  readonly link: Link
  readonly names: Names
  readonly records: RelayRecords
  readonly clock: ServerClock
  /** How far tests have moved the clock. */
  readonly shiftMs: () => number
  /** Tells everybody that a source has grown. */
  readonly appended: (source: string) => void
}

/** Rounds in which not one event got into the log, because others write to the subjects of the source. */
const maxFruitless = 50
/** The position is copied from the stream into the entry no more often than this. */
const storeEveryMs = 1_000

export class SourceWriter {
  readonly #parts: WriterParts
  readonly #source: string
  readonly #stream: string
  /** Makes ids of messages differ from those of every other writer. */
  readonly #salt: string
  #queue: Promise<unknown> = Promise.resolve()
  #tail: Tail | undefined
  /** The revision of the entry that the tail agrees with. */
  #revision = -1
  #storedMs = Number.NEGATIVE_INFINITY
  /** Appends of this writer, for the ids of its messages. */
  #appends = 0

  constructor(parts: WriterParts, source: string) {
    this.#parts = parts
    this.#source = source
    this.#stream = parts.names.stream(source)
    this.#salt = parts.link.environment.random.uuidv7().slice(-12)
  }

  lease(holder: string, leaseMs: number): Promise<RelayLease | undefined> {
    return this.#alone(() => this.#lease(holder, leaseMs))
  }

  append(lease: RelayLease, events: readonly NewEvent[], cursor: OutboxCursor): Promise<void> {
    return this.#alone(async () => {
      try {
        await this.#append(lease, events, cursor)
      } catch (error) {
        this.#tail = undefined
        throw error
      }
    })
  }

  /** Lets go; the position goes into the entry with it. */
  release({ epoch }: RelayLease): Promise<void> {
    return this.#alone(() =>
      this.#change((found) => {
        if (found.record.epoch !== epoch || found.record.holder === undefined) return undefined
        const { holder: _, ...rest } = this.#withTail(found)
        return rest
      }),
    )
  }

  /** The next relay begins at the beginning of what the outbox holds. */
  forgetCursor(): Promise<void> {
    return this.#alone(async () => {
      const { link } = this.#parts
      const { state } = await link.run('none', () => link.jsm.streams.info(this.#stream))
      this.#tail = undefined
      await this.#change((found) => withPosition(found, { cursor: undefined, scan: state.last_seq }))
    })
  }

  /**
   * Brings the entry's position up to the end of the stream, where nothing of a relay lies that it does not cover: retention may
   * drop no position that the entry has not. Nothing happens when this is not the writer that appends.
   */
  keepPosition(): Promise<void> {
    return this.#alone(async () => {
      try {
        await this.#keepPosition()
      } catch (error) {
        this.#tail = undefined
        throw error
      }
    })
  }

  /** One thing at a time: what is remembered is of the last one. */
  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => undefined)
    return result
  }

  async #lease(holder: string, leaseMs: number): Promise<RelayLease | undefined> {
    const { link, records, clock, shiftMs } = this.#parts
    const write = createWriteEntry(link, records, this.#source)
    for (let races = 0; races < maxRaces; races++) {
      const found = await records.read(this.#source)
      const next = await decideLease(found, { holder, leaseMs, shiftMs: shiftMs() }, clock)
      if (next === undefined) return undefined
      const revision = await write(found.revision, next)
      if (revision === undefined) continue
      if (next.epoch !== found.record.epoch || found.revision !== this.#revision) this.#tail = undefined
      const tail = await this.#known({ ...found, revision, record: next }, true)
      return { source: this.#source, epoch: next.epoch, cursor: tail.tell().cursor }
    }
    return undefined
  }

  async #append(lease: RelayLease, events: readonly NewEvent[], cursor: OutboxCursor): Promise<void> {
    const { records, link } = this.#parts
    for (let fruitless = 0; fruitless < maxFruitless; fruitless++) {
      const found = await records.read(this.#source)
      const { epoch, holder } = found.record
      if (epoch !== lease.epoch || holder === undefined) throw this.#fenced(lease)
      if (found.revision !== this.#revision) this.#tail = undefined
      const remembered = this.#tail !== undefined
      const tail = await this.#known(found, false)
      // What another relay has appended since we asked the entry may have gone by retention before we looked: it is asked again.
      if (!remembered) continue
      if (tail.epoch > lease.epoch) throw this.#fenced(lease)
      const left = events.filter(({ id }) => !tail.hasLanded(id))
      if (left.length === 0) {
        if (await this.#store(found, tail, events, cursor)) return
      } else if (await this.#send(lease, tail, { events, left, cursor })) return
      else {
        await catchUp(link, this.#stream, tail)
        if (left.some(({ id }) => tail.hasLanded(id))) fruitless = 0
      }
    }
    throw new BanyanError('UNAVAILABLE', `the stream '${this.#stream}' is too busy with messages of others`, {
      reason: 'LOG_BUSY',
      retryable: false,
      outcome: 'unknown',
      hint: 'Give programs that publish much a source of their own.',
    })
  }

  /**
   * The end of the stream, looked up when it is not remembered. Whoever leases is told the position that is found, so what that
   * covers need not be kept while a long stream is looked through; whoever appends works from an older one.
   */
  async #known({ record, revision }: FoundRecord, leasing: boolean): Promise<Tail> {
    this.#revision = revision
    if (this.#tail !== undefined) return this.#tail
    const tail = new Tail(positionOf(record))
    await catchUp(this.#parts.link, this.#stream, tail, () => leasing && tail.tell())
    this.#tail = tail
    return tail
  }

  async #keepPosition(): Promise<void> {
    const { records, link } = this.#parts
    const [found, tail] = [await records.read(this.#source), this.#tail]
    if (tail === undefined || found.revision !== this.#revision) return
    await catchUp(link, this.#stream, tail)
    if (tail.hasLandedAny || tail.seq === found.record.scan) return
    const position = { cursor: tail.told.cursor, scan: tail.seq }
    const revision = await records.write(this.#source, found.revision, withPosition(found, position))
    if (revision === undefined) return
    this.#revision = revision
    this.#storedMs = this.#nowMs()
    tail.moveTo(position)
  }

  /** Nothing to append: the position alone, under the entry's revision. False when somebody else wrote the entry. */
  async #store(found: FoundRecord, tail: Tail, events: readonly NewEvent[], cursor: OutboxCursor): Promise<boolean> {
    const position = tail.after(events, cursor, tail.seq)
    const revision = await this.#parts.records.write(this.#source, found.revision, withPosition(found, position))
    if (revision === undefined) return false
    this.#revision = revision
    this.#storedMs = this.#nowMs()
    tail.moveTo(position)
    return true
  }

  /** Sends what is left; false when the log has to be looked at. */
  async #send(lease: RelayLease, tail: Tail, append: Append): Promise<boolean> {
    const { link, appended } = this.#parts
    const end = tail.seq + append.left.length
    const position = tail.after(append.events, append.cursor, end)
    this.#appends += 1
    const messages = toMessages(append, {
      epoch: lease.epoch,
      name: `${lease.epoch}.${this.#salt}.${this.#appends}`,
      scan: position.scan === end ? undefined : position.scan,
      shiftMs: this.#parts.shiftMs(),
      limit: link.nc.info?.max_payload ?? Number.POSITIVE_INFINITY,
      subjectOf: (type) => this.#parts.names.subject(this.#source, type),
    })
    if (!(await publishChain(link, messages, tail.seq))) return false
    tail.seq = end
    tail.epoch = lease.epoch
    tail.moveTo(position)
    appended(this.#source)
    if (this.#nowMs() - this.#storedMs >= storeEveryMs) this.#copyPosition(lease)
    return true
  }

  /** So that the next relay has little to look at. The stream itself holds the truth, so this may fail. */
  #copyPosition({ epoch }: RelayLease): void {
    this.#storedMs = this.#nowMs()
    void this.#alone(() =>
      this.#change((found) => (found.record.epoch === epoch ? this.#withTail(found) : undefined)),
    ).catch(() => undefined)
  }

  /** The entry with the position of the tail, where that is of this entry. */
  #withTail(found: FoundRecord): RelayRecord {
    const known = this.#tail !== undefined && found.revision === this.#revision
    return withPosition(found, known ? (this.#tail as Tail).told : positionOf(found.record))
  }

  /** Changes the entry; nothing when `next` says so. */
  async #change(next: (found: FoundRecord) => RelayRecord | undefined): Promise<void> {
    const { link, records } = this.#parts
    const changed = await changeEntry(link, records, this.#source, next)
    if (changed?.from === this.#revision) this.#revision = changed.to
  }

  #nowMs(): number {
    return this.#parts.link.environment.clock.monotonic()
  }

  #fenced({ epoch }: RelayLease): Fenced {
    return new Fenced(`the relay of '${this.#source}' (epoch ${epoch})`)
  }
}
