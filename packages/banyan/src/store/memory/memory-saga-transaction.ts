/**
 * Sagas in one transaction in memory. What it does is answered from the books as they stand and done when it commits; what the
 * answers rest on is kept still until then by doors, where a database has row locks.
 */
import { BanyanError } from '../../core/error.ts'
import { Fenced } from '../inbox.ts'
import { assertNewSaga, assertSagaMessage, assertSagaWrite, fitsAlways, isSagaEnd, mailboxFull } from '../saga-rules.ts'
import {
  maxMailbox,
  type NewSaga,
  type NewSagaMessage,
  type SagaStarted,
  type SagaState,
  type SagaWrite,
  type TransactionSagas,
} from '../sagas.ts'
import { nameOfStart, type SagaBooks, type Told, toStarted } from './memory-saga-books.ts'
import { nameOfLock } from './memory-saga-locks.ts'
import { applyWrite, judgeWrite } from './memory-saga-write.ts'
import type { StreamHolder, StreamLocks } from './memory-stream-locks.ts'

/** A transaction's part in the sagas. */
export interface SagaTransaction {
  readonly sagas: TransactionSagas
  /** Throws {@link Fenced} when a run that it writes was taken over meanwhile. */
  check(): void
  commit(): void
  /** Lets everybody else in, committed or not. */
  end(): void
}

/** Opens it. */
export function openSagas(books: SagaBooks, doors: StreamLocks, readOnly: boolean): SagaTransaction {
  return new OpenSagas(books, doors, readOnly)
}

class OpenSagas implements SagaTransaction {
  readonly #books: SagaBooks
  readonly #doors: StreamLocks
  readonly #readOnly: boolean
  readonly #holder: StreamHolder = { waitingFor: undefined }
  readonly #writes: SagaWrite[] = []
  readonly #steps: (() => void)[] = []
  readonly #started = new Map<string, NewSaga>()
  readonly #sent = new Map<string, Set<string>>()
  #ended = false

  readonly sagas: TransactionSagas = {
    start: (saga) => this.#start(saga),
    deliver: (message, names) => this.#deliver(message, names),
    send: (to, message) => this.#send(to, message),
    find: (name, key) => this.#find(name, key),
    write: (write) => this.#write(write),
    lock: async (kind, key) => {
      await this.#doors.enter(this.#holder, `lock ${nameOfLock(kind, key)}`)
      return this.#books.locks.find(kind, key)
    },
  }

  constructor(books: SagaBooks, doors: StreamLocks, readOnly: boolean) {
    this.#books = books
    this.#doors = doors
    this.#readOnly = readOnly
  }

  check(): void {
    for (const write of this.#writes) if (judgeWrite(this.#books, write) === 'fenced') throw toFenced(write)
  }

  commit(): void {
    for (const step of this.#steps) step()
  }

  end(): void {
    this.#ended = true
    this.#doors.leave(this.#holder)
  }

  async #start(saga: NewSaga): Promise<SagaStarted> {
    assertNewSaga(saga)
    await this.#enter('start a saga', `start ${nameOfStart(saga)}`)
    const own = [...this.#started.values()].find((one) => nameOfStart(one) === nameOfStart(saga))
    if (own !== undefined) return { id: own.id, isNew: false, input: own.input, state: 'running' }
    const before = this.#books.byKey(saga.name, saga.key).find((row) => row.start.run === saga.run)
    if (before !== undefined) return toStarted(before, false)
    const given = structuredClone(saga)
    this.#started.set(saga.id, given)
    this.#steps.push(() => void this.#books.start(given, undefined))
    return { id: saga.id, isNew: true, input: saga.input, state: 'running' }
  }

  async #deliver(message: NewSagaMessage, names: readonly string[]): Promise<number> {
    assertSagaMessage(message)
    this.#assertMay('deliver to sagas')
    let count = 0
    for (const id of this.#addressees(message, names)) {
      await this.#enter('deliver to sagas', `run ${id}`)
      const told = this.#foresee(lastOf(this.#books, id), message)
      if (told === 'full') throw mailboxFull(id)
      if (told !== 'sent') continue
      count += 1
      this.#steps.push(() => void this.#books.tell(lastOf(this.#books, id), message))
    }
    return count
  }

  async #send(to: string, message: NewSagaMessage): Promise<Told> {
    assertSagaMessage(message)
    await this.#enter('send to a saga', `run ${to}`)
    const told = this.#foresee(to, message)
    if (told === 'sent') this.#steps.push(() => void this.#books.tell(to, message))
    return told
  }

  async #find(name: string, key: string): Promise<{ readonly id: string; readonly state: SagaState } | undefined> {
    const rows = this.#books.byKey(name, key).map(({ state, start: { id, run } }) => ({ id, state, run }))
    const own = [...this.#started.values()].filter((saga) => saga.name === name && saga.key === key)
    const all = [...rows, ...own.map(({ id, run }) => ({ id, state: 'running' as const, run }))]
    const [newest] = all.sort((one, other) => other.run - one.run)
    return newest === undefined ? undefined : { id: newest.id, state: newest.state }
  }

  async #write(write: SagaWrite): Promise<'written' | 'mail'> {
    assertSagaWrite(write)
    await this.#enter('write a saga', `run ${write.id}`)
    const verdict = judgeWrite(this.#books, write)
    if (verdict === 'fenced') throw toFenced(write)
    if (verdict === 'repeated') return 'written'
    const given = structuredClone(write)
    this.#writes.push(given)
    this.#steps.push(() => void applyWrite(this.#books, given, verdict))
    return verdict
  }

  async #enter(what: string, door: string): Promise<void> {
    this.#assertMay(what)
    await this.#doors.enter(this.#holder, door)
    this.#assertMay(what)
  }

  #assertMay(what: string): void {
    if (this.#ended)
      throw refusal(`${what} after the transaction has ended`, 'TRANSACTION_ENDED', 'Await all work inside it.')
    if (this.#readOnly) throw refusal(`${what} in a read-only transaction`, 'READ_ONLY', 'Leave readOnly out.')
  }

  /** What telling a run would come to. */
  #foresee(id: string, message: NewSagaMessage): Told {
    const own = this.#sent.get(id) ?? new Set()
    this.#sent.set(id, own)
    const row = this.#books.rows.get(id)
    if (row === undefined && !this.#started.has(id)) return 'unknown'
    if (row !== undefined && isSagaEnd(row.state)) return 'ended'
    if (own.has(message.id) || row?.seen.has(message.id)) return 'repeated'
    if ((row?.messages.length ?? 0) + own.size >= maxMailbox && !fitsAlways(message.kind)) return 'full'
    own.add(message.id)
    return 'sent'
  }

  #addressees(message: NewSagaMessage, names: readonly string[]): string[] {
    const isTo = ({ name, key, correlations }: Addressee): boolean =>
      names.includes(name) && (key === message.key || correlations.includes(message.key))
    const rows = [...this.#books.live()].filter((row) => isTo({ ...row.start, correlations: [...row.correlations] }))
    const own = [...this.#started.values()].filter(isTo)
    return [...new Set([...rows.map((row) => row.start.id), ...own.map((saga) => saga.id)])].sort()
  }
}

interface Addressee {
  readonly name: string
  readonly key: string
  readonly correlations: readonly string[]
}

/** A run, or the one that goes on from it by now. */
function lastOf(books: SagaBooks, id: string): string {
  let last = id
  for (let next = books.rows.get(id)?.next; next !== undefined; next = books.rows.get(next)?.next) last = next
  return last
}

export function toFenced({ id, epoch }: { readonly id: string; readonly epoch: number }): Fenced {
  return new Fenced(`run '${id}' (epoch ${epoch})`)
}

function refusal(what: string, reason: string, hint: string): BanyanError {
  return new BanyanError('FAILED_PRECONDITION', `cannot ${what}`, { reason, hint })
}
