/**
 * Sagas in one transaction in memory. What it does is answered from the books as they stand and done when it commits; what the
 * answers rest on is kept still until then by doors, where a database has row locks.
 */
import { BanyanError } from '../../core/error.ts'
import { Fenced } from '../inbox.ts'
import { assertNewSaga, assertSagaMessage, assertSagaWrite, fitsAlways, isSagaEnd, mailboxFull } from '../saga-rules.ts'
import { maxMailbox, type NewSaga, type NewSagaMessage, type SagaWrite, type TransactionSagas } from '../sagas.ts'
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

export function openSagas(books: SagaBooks, doors: StreamLocks, readOnly: boolean): SagaTransaction {
  const holder: StreamHolder = { waitingFor: undefined }
  const writes: SagaWrite[] = []
  const steps: (() => void)[] = []
  const started = new Map<string, NewSaga>()
  const sent = new Map<string, Set<string>>()
  let ended = false

  async function enter(what: string, door: string): Promise<void> {
    assertMay(what)
    await doors.enter(holder, door)
    assertMay(what)
  }
  function assertMay(what: string): void {
    if (ended)
      throw refusal(`${what} after the transaction has ended`, 'TRANSACTION_ENDED', 'Await all work inside it.')
    if (readOnly) throw refusal(`${what} in a read-only transaction`, 'READ_ONLY', 'Leave readOnly out.')
  }
  /** What telling a run would come to. */
  function foresee(id: string, message: NewSagaMessage): Told {
    const own = sent.get(id) ?? new Set()
    sent.set(id, own)
    const row = books.rows.get(id)
    if (row === undefined && !started.has(id)) return 'unknown'
    if (row !== undefined && isSagaEnd(row.state)) return 'ended'
    if (own.has(message.id) || row?.seen.has(message.id)) return 'repeated'
    if ((row?.messages.length ?? 0) + own.size >= maxMailbox && !fitsAlways(message.kind)) return 'full'
    own.add(message.id)
    return 'sent'
  }
  function addressees(message: NewSagaMessage, names: readonly string[]): string[] {
    const isTo = ({ name, key, correlations }: Addressee): boolean =>
      names.includes(name) && (key === message.key || correlations.includes(message.key))
    const rows = [...books.live()].filter((row) => isTo({ ...row.start, correlations: [...row.correlations] }))
    const own = [...started.values()].filter(isTo)
    return [...new Set([...rows.map((row) => row.start.id), ...own.map((saga) => saga.id)])].sort()
  }

  const sagas: TransactionSagas = {
    async start(saga) {
      assertNewSaga(saga)
      await enter('start a saga', `start ${nameOfStart(saga)}`)
      const own = [...started.values()].find((one) => nameOfStart(one) === nameOfStart(saga))
      if (own !== undefined) return { id: own.id, isNew: false, input: own.input, state: 'running' }
      const before = books.byKey(saga.name, saga.key).find((row) => row.start.run === saga.run)
      if (before !== undefined) return toStarted(before, false)
      const given = structuredClone(saga)
      started.set(saga.id, given)
      steps.push(() => void books.start(given, undefined))
      return { id: saga.id, isNew: true, input: saga.input, state: 'running' }
    },
    async deliver(message, names) {
      assertSagaMessage(message)
      assertMay('deliver to sagas')
      let count = 0
      for (const id of addressees(message, names)) {
        await enter('deliver to sagas', `run ${id}`)
        const told = foresee(lastOf(books, id), message)
        if (told === 'full') throw mailboxFull(id)
        if (told !== 'sent') continue
        count += 1
        steps.push(() => void books.tell(lastOf(books, id), message))
      }
      return count
    },
    async send(to, message) {
      assertSagaMessage(message)
      await enter('send to a saga', `run ${to}`)
      const told = foresee(to, message)
      if (told === 'sent') steps.push(() => void books.tell(to, message))
      return told
    },
    async write(write) {
      assertSagaWrite(write)
      await enter('write a saga', `run ${write.id}`)
      const verdict = judgeWrite(books, write)
      if (verdict === 'fenced') throw toFenced(write)
      if (verdict === 'repeated') return 'written'
      const given = structuredClone(write)
      writes.push(given)
      steps.push(() => void applyWrite(books, given, verdict))
      return verdict
    },
    async lock(kind, key) {
      await doors.enter(holder, `lock ${nameOfLock(kind, key)}`)
      return books.locks.find(kind, key)
    },
  }

  return {
    sagas,
    check() {
      for (const write of writes) if (judgeWrite(books, write) === 'fenced') throw toFenced(write)
    },
    commit() {
      for (const step of steps) step()
    },
    end() {
      ended = true
      doors.leave(holder)
    },
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
