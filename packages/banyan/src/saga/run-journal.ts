/**
 * The journal and the mailbox of one run, as its holder has them: what is to be written next, what is durable, what has come.
 * Writes of a run go one after the other; each has everything that was added since the one before.
 */
import { isOutage } from '../bus/delivery-policy.ts'
import { fromUnknown } from '../core/error.ts'
import type { NewSaga, SagaChange, SagaEntry, SagaMessage, SagaRecord, SagaWrite, TakenSaga } from '../store/sagas.ts'
import { cut, maxErrorMessage } from './bounds.ts'
import type { SagaNote } from './journal.ts'
import { never, type RunShared, untilAnswered } from './run-shared.ts'

export type { RunShared } from './run-shared.ts'

/** Who must hear of what came of writes. */
export interface JournalListener {
  /** The run is not ours any more. */
  onLost(): void
  /** It was let go, as a wait said. */
  onLetGo(): void
  /** Something came into the mailbox. */
  onMail(): void
  /** A transaction of the run's own has ended: others may go on. */
  onFree(): void
}

/** An entry without its place. */
export type LooseEntry = Omit<SagaEntry, 'n'>

/** What came of a write; `bad`: the store refuses it whenever it is made. */
type Sent = 'written' | 'mail' | 'fenced' | 'bad'

/** See the top of the file. */
export class RunJournal {
  record: SagaRecord
  /** Unread, in order. */
  messages: SagaMessage[]
  /** When it is due again, since it was let go last. */
  dueMs: number | undefined
  /** The last change was left out, for something has come that was not read; it is read by now. */
  isRefused = false
  readonly #shared: RunShared
  readonly #listener: JournalListener
  #entries: LooseEntry[] = []
  #consumed: number[] = []
  #starts: NewSaga[] = []
  #correlations: string[] = []
  #length: number
  /** Place of the last message that was read. */
  #read: number
  #writing: Promise<void> | undefined
  #line: Promise<unknown> | undefined
  #held = true
  #lettingGo = false
  #committing = false
  #floorMs: number

  constructor(shared: RunShared, { saga, entries, messages }: TakenSaga, listener: JournalListener) {
    this.#shared = shared
    this.#listener = listener
    this.record = saga
    this.messages = [...messages]
    this.#length = Math.max(saga.length, entries.at(-1)?.n ?? 0)
    // Those that have been taken are not among them, and count as read.
    this.#read = Math.max(saga.mail, messages.at(-1)?.n ?? 0)
    this.#floorMs = entries.at(-1)?.atMs ?? Math.floor(saga.startedMs)
  }

  get length(): number {
    return this.#length
  }
  get read(): number {
    return this.#read
  }
  get isHeld(): boolean {
    return this.#held
  }
  /** It has been said that the run waits, and it is not known yet whether it may. */
  get isLettingGo(): boolean {
    return this.#lettingGo
  }
  /** A transaction of the run's own has the next place in the journal: nothing else is written, and nothing given. */
  get isCommitting(): boolean {
    return this.#committing
  }
  get #isEmpty(): boolean {
    return this.#entries.length + this.#consumed.length + this.#starts.length + this.#correlations.length === 0
  }

  /** The time of the next entry: that of the database, and never before the last one. */
  stamp(): number {
    const nowMs = Math.floor(this.#shared.now())
    if (nowMs > this.#floorMs) this.#floorMs = nowMs
    return this.#floorMs
  }

  /** Adds an entry to what is written next, and gives its time. */
  add(seq: number, kind: string, name: string, body: string): number {
    const atMs = this.stamp()
    this.#entries.push({ seq, kind, name, atMs, body })
    return atMs
  }
  addStart(saga: NewSaga): void {
    this.#starts.push(saga)
  }
  addCorrelation(key: string): void {
    this.#correlations.push(key)
  }
  /** The messages have been taken: they leave the mailbox with the next write. */
  consume(places: readonly number[]): void {
    this.#consumed.push(...places)
    this.messages = this.messages.filter(({ n }) => !places.includes(n))
  }
  /** The store has taken messages back that were not read yet. */
  forget(which: (message: SagaMessage) => boolean): void {
    this.messages = this.messages.filter((message) => !which(message))
  }

  /** It is ours again, and nobody has had it in between. */
  hold({ saga, messages }: TakenSaga): void {
    this.record = saga
    this.#held = true
    this.messages = [...messages]
    this.#read = Math.max(this.#read, saga.mail, messages.at(-1)?.n ?? 0)
  }
  /** From now on nothing is written. */
  drop(): void {
    this.#held = false
  }

  /** When everything so far is written; never for a run that is lost. */
  async durable(): Promise<void> {
    this.flush()
    while (this.#writing !== undefined) await this.#writing
    if (!this.#held) await never()
  }
  /** Everything so far is written. */
  get isDurable(): boolean {
    return this.#held && this.#isEmpty && this.#writing === undefined
  }

  /** Writes what is pending, if anything, and what becomes of the run. */
  flush(change?: SagaChange): void {
    if (change === undefined && this.#isEmpty) return
    const write = this.#take(change)
    if (change?.to === 'wait') {
      this.#lettingGo = true
      this.dueMs = change.dueMs
    }
    const before = this.#writing
    const writing = before === undefined ? this.#write(write) : before.then(() => this.#write(write))
    this.#writing = writing
    void writing.then(() => {
      if (this.#writing === writing) this.#writing = undefined
    })
  }

  #take(change: SagaChange | undefined): SagaWrite {
    const entries = this.#entries.map(({ seq, kind, name, atMs, body }) => {
      this.#length += 1
      return { n: this.#length, seq, kind, name, atMs, body }
    })
    const [consumed, starts, correlations] = [this.#consumed, this.#starts, this.#correlations]
    ;[this.#entries, this.#consumed, this.#starts, this.#correlations] = [[], [], [], []]
    return {
      id: this.record.id,
      epoch: this.record.epoch,
      holder: this.#shared.host.holder,
      entries,
      ...(consumed.length > 0 && { consumed }),
      ...(starts.length > 0 && { starts }),
      ...(correlations.length > 0 && { correlations }),
      ...(change !== undefined && { change }),
    }
  }

  async #write(write: SagaWrite): Promise<void> {
    if (!this.#held) return
    const sent = await this.#send(write)
    this.#lettingGo = false
    this.isRefused = sent === 'mail'
    if (sent === 'fenced' || sent === 'bad') return this.#lose()
    if (write.change?.to === 'wait' && sent === 'written') {
      this.#held = false
      this.#listener.onLetGo()
    } else if (sent === 'mail') {
      await this.readMail()
      this.#listener.onMail()
    }
  }

  async #send(write: SagaWrite): Promise<Sent> {
    try {
      return await this.#shared.writer.write(write)
    } catch (thrown) {
      const error = fromUnknown(thrown)
      const { name, key, id } = this.record
      this.#shared.host.log.error('a saga cannot be written', { saga: name, key, id, error: thrown })
      // An outage that outlasts the lease, or a journal that is not as we know it: it is read again by whoever takes it.
      if (isOutage(thrown) || error.reason === 'JOURNAL_CONFLICT') return 'fenced'
      return this.#parkFor(error.reason ?? error.code, error.message)
    }
  }

  /** The store refuses what the run would write: it waits for a person, as it stands. */
  async #parkFor(reason: string, message: string): Promise<Sent> {
    const parked = { reason: 'SAGA_WRITE_REFUSED', message: cut(`${reason}: ${message}`, maxErrorMessage) }
    const note = JSON.stringify({ parked } satisfies SagaNote)
    const { id, epoch } = this.record
    const write = { id, epoch, holder: this.#shared.host.holder, entries: [], change: { to: 'parked', note } as const }
    await this.#shared.writer.write(write).catch(() => undefined)
    return 'bad'
  }

  #lose(): void {
    this.#held = false
    this.#listener.onLost()
  }

  /**
   * Work that takes the next place in the journal by itself: one such work at a time, so that two transactions of parallel branches
   * do not claim the same place.
   */
  async exclusive<Result>(work: () => Promise<Result>): Promise<Result> {
    const before = this.#line
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#line = promise
    if (before !== undefined) await before
    try {
      return await work()
    } finally {
      if (this.#line === promise) this.#line = undefined
      resolve()
      if (this.#committing) {
        this.#committing = false
        this.#listener.onFree()
      }
    }
  }

  /** Inside of {@link exclusive}: the write of one entry, after all that is pending was written. */
  async toOwnWrite(entry: Omit<LooseEntry, 'atMs'>, change?: SagaChange): Promise<SagaWrite> {
    this.#committing = true
    do await this.durable()
    while (!this.isDurable)
    this.#entries.push({ ...entry, atMs: this.stamp() })
    const write = this.#take(change)
    this.#length -= 1
    return write
  }
  /** That write has been committed. */
  ownWritten(): void {
    this.#length += 1
  }
  /** Whether it was committed after all: its answer was lost. Never settles when this host has lost its lease meanwhile. */
  async isWritten({ entries: [own] }: SagaWrite): Promise<boolean> {
    if (own === undefined) return false
    const { sagas } = this.#shared.host.store
    const [found] = await untilAnswered(this.#shared, () => sagas.entries(this.record.id, own.n - 1, 1))
    return found?.n === own.n && found.seq === own.seq && found.kind === own.kind
  }

  /** Writes an entry if nothing is unread; undefined when something has come, and then it was read and nothing written. */
  writeIfNoMail(entry: Omit<LooseEntry, 'atMs'>): Promise<SagaEntry | undefined> {
    return this.exclusive(async () => {
      const write = await this.toOwnWrite(entry, { to: 'running', mail: this.#read })
      const sent = await this.#send(write)
      if (sent === 'fenced' || sent === 'bad') {
        this.#lose()
        return never()
      }
      if (sent === 'written') {
        this.ownWritten()
        return write.entries[0]
      }
      await this.readMail()
      return undefined
    })
  }

  async readMail(): Promise<void> {
    const { sagas } = this.#shared.host.store
    const found = await untilAnswered(this.#shared, () => sagas.messages(this.record.id, this.#read))
    for (const message of found) {
      if (message.n <= this.#read) continue
      this.messages.push(message)
      this.#read = message.n
    }
  }
}
