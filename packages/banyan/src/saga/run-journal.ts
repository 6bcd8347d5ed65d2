/**
 * The journal and the mailbox of one run, as its holder has them: what is to be written next, what is durable, what has come.
 * Writes of a run go one after the other; each has everything that was added since the one before.
 */
import type { NewSaga, SagaChange, SagaEntry, SagaMessage, SagaRecord, SagaWrite, TakenSaga } from '../store/sagas.ts'
import type { GroupWriter } from './group-writer.ts'
import type { SagaHost } from './host.ts'

/** What runs of one host share. */
export interface RunShared {
  readonly host: SagaHost
  readonly writer: GroupWriter
  /** The database's clock. */
  readonly now: () => number
}

/** Who must hear of what came of writes. */
export interface JournalListener {
  /** The run is not ours any more. */
  onLost(): void
  /** It was let go, as a wait said. */
  onLetGo(): void
  /** Something came into the mailbox. */
  onMail(): void
}

/** An entry without its place. */
export type LooseEntry = Omit<SagaEntry, 'n'>

interface Pending {
  readonly entries: LooseEntry[]
  readonly consumed: number[]
  readonly starts: NewSaga[]
  readonly correlations: string[]
}

const nothing = (): Pending => ({ entries: [], consumed: [], starts: [], correlations: [] })
const isNothing = ({ entries, consumed, starts, correlations }: Pending): boolean =>
  entries.length + consumed.length + starts.length + correlations.length === 0

/** See the top of the file. */
export class RunJournal {
  record: SagaRecord
  /** Unread, in order. */
  messages: SagaMessage[]
  readonly #shared: RunShared
  readonly #listener: JournalListener
  #pending = nothing()
  #length: number
  /** Place of the last message that was read. */
  #read: number
  #writing: Promise<void> = Promise.resolve()
  #held = true
  #lettingGo = false
  #floorMs: number

  constructor(shared: RunShared, { saga, entries, messages }: TakenSaga, listener: JournalListener) {
    this.#shared = shared
    this.#listener = listener
    this.record = saga
    this.messages = [...messages]
    this.#length = Math.max(saga.length, entries.at(-1)?.n ?? 0)
    this.#read = messages.at(-1)?.n ?? 0
    this.#floorMs = entries.at(-1)?.atMs ?? saga.startedMs
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

  /** The time of the next entry: that of the database, and never before the last one. */
  stamp(): number {
    this.#floorMs = Math.max(this.#floorMs, Math.floor(this.#shared.now()))
    return this.#floorMs
  }

  add(entry: Omit<LooseEntry, 'atMs'>): LooseEntry {
    const stamped = { ...entry, atMs: this.stamp() }
    this.#pending.entries.push(stamped)
    return stamped
  }
  addStart(saga: NewSaga): void {
    this.#pending.starts.push(saga)
  }
  addCorrelation(key: string): void {
    this.#pending.correlations.push(key)
  }
  /** The messages have been taken: they leave the mailbox with the next write. */
  consume(places: readonly number[]): void {
    this.#pending.consumed.push(...places)
    this.messages = this.messages.filter(({ n }) => !places.includes(n))
  }

  /** It is ours again. */
  hold({ saga, messages }: TakenSaga): void {
    this.record = saga
    this.#held = true
    this.#addMail(messages)
  }
  /** From now on nothing is written. */
  drop(): void {
    this.#held = false
  }

  /** When everything so far is written; never for a run that is lost. */
  async durable(): Promise<void> {
    this.flush()
    await this.#writing
    if (!this.#held) await forever
  }

  /** Writes what is pending, if anything, and what becomes of the run. */
  flush(change?: SagaChange): void {
    if (change === undefined && isNothing(this.#pending)) return
    const write = this.#take(change, [])
    if (change?.to === 'wait') this.#lettingGo = true
    this.#writing = this.#writing.then(() => this.#write(write))
  }

  #take(change: SagaChange | undefined, more: readonly LooseEntry[]): SagaWrite {
    const { entries, consumed, starts, correlations } = this.#pending
    this.#pending = nothing()
    return {
      ...this.#mine(),
      entries: [...entries, ...more].map((entry) => ({ ...entry, n: ++this.#length })),
      ...(consumed.length > 0 && { consumed }),
      ...(starts.length > 0 && { starts }),
      ...(correlations.length > 0 && { correlations }),
      ...(change !== undefined && { change }),
    }
  }
  #mine(): Pick<SagaWrite, 'id' | 'epoch' | 'holder'> {
    const { id, epoch } = this.record
    return { id, epoch, holder: this.#shared.host.holder }
  }

  async #write(write: SagaWrite): Promise<void> {
    if (!this.#held) return
    const outcome = await this.#send(write)
    this.#lettingGo = false
    if (outcome === 'fenced') return this.#lose()
    if (write.change?.to === 'wait' && outcome === 'written') {
      this.#held = false
      this.#listener.onLetGo()
    } else if (outcome === 'mail') {
      await this.readMail()
      this.#listener.onMail()
    }
  }

  async #send(write: SagaWrite): Promise<'written' | 'mail' | 'fenced'> {
    try {
      return await this.#shared.writer.write(write)
    } catch (error) {
      const { name, key, id } = this.record
      this.#shared.host.log.error('a saga cannot be written', { saga: name, key, id, error })
      return 'fenced'
    }
  }

  #lose(): void {
    this.#held = false
    this.#listener.onLost()
  }

  /** Writes an entry if nothing is unread; undefined when something has come, and then it was read and nothing written. */
  async writeIfNoMail(entry: Omit<LooseEntry, 'atMs'>): Promise<SagaEntry | undefined> {
    await this.durable()
    const before = this.#length
    const write = this.#take({ to: 'running', mail: this.#read }, [{ ...entry, atMs: this.stamp() }])
    const outcome = await this.#send(write)
    if (outcome === 'written') return write.entries.at(-1)
    this.#length = before
    if (outcome === 'fenced') {
      this.#lose()
      return forever
    }
    await this.readMail()
    return undefined
  }

  /** The write of a transaction of the run's own: one entry, after all that is pending was written. */
  async toTxWrite(entry: Omit<LooseEntry, 'atMs'>): Promise<SagaWrite> {
    await this.durable()
    return { ...this.#mine(), entries: [{ ...entry, atMs: this.stamp(), n: this.#length + 1 }] }
  }
  /** That transaction has committed. */
  txWritten(): void {
    this.#length += 1
  }

  async readMail(): Promise<void> {
    this.#addMail(await this.#shared.host.store.sagas.messages(this.record.id, this.#read))
  }

  #addMail(messages: readonly SagaMessage[]): void {
    for (const message of messages) {
      if (message.n <= this.#read) continue
      this.messages.push(message)
      this.#read = message.n
    }
  }
}

const forever: Promise<never> = new Promise(() => {})
