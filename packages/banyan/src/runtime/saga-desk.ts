/** The sagas of one service at work in one host: what `ctx.sagas` and `tx.sagas` do. */
import { createWireBorder } from '../contract/border.ts'
import { BanyanError, fromErrorDocument } from '../core/error.ts'
import type { SagaExecutor } from '../saga/executor.ts'
import { toCancel } from '../saga/journal.ts'
import { observe } from '../saga/observe.ts'
import { mailboxFull, sagaEnded, startedDifferently, undeclaredSignal, unknownSaga } from '../saga/refusals.ts'
import type { SagaShape, SignalShape } from '../saga/shape.ts'
import { toNewSaga } from '../saga/start.ts'
import { toText } from '../saga/values.ts'
import { INVALID } from '../schema/index.ts'
import { isSagaEnd } from '../store/saga-rules.ts'
import type { NewSagaMessage, SagaRecord, SagaStarted, TransactionSagas } from '../store/sagas.ts'
import type { Store } from '../store/store.ts'
import { formatTraceparent, type TraceParent } from '../telemetry/trace-context.ts'
import type { SagaView, StartedSaga } from './saga-access.ts'
import type { SagaEnding, SagaNews, SagaWaiter } from './saga-news.ts'

/** The work that starts or tells: a handler's context. */
export interface SagaCaller extends SagaWaiter {
  readonly self: string
  readonly trace: TraceParent
  remainingMs(): number
  /** What is being handled: `event <id>`, or who calls. */
  readonly startedBy: string
}

/** How long a result or an answer is waited for when nothing is said, in milliseconds. */
export const defaultResultMs = 30_000
const firstPollMs = 5
/** Also of a run that was started here, whose end is heard of unless another host has taken it. */
const maxPollMs = 250

/** See the top of the file. */
export class SagaDesk {
  readonly executor: SagaExecutor
  readonly #store: Store
  readonly #shapes: readonly SagaShape[]
  readonly #news: SagaNews

  constructor(executor: SagaExecutor, store: Store, shapes: readonly SagaShape[], news: SagaNews) {
    this.executor = executor
    this.#store = store
    this.#shapes = shapes
    this.#news = news
  }

  /** The newest version that the service has, by whichever object it is named. */
  #shapeOf(saga: { readonly name: string }): SagaShape {
    const found = this.#shapes
      .filter(({ name }) => name === saga?.name)
      .toSorted((one, other) => other.version - one.version)[0]
    if (found !== undefined) return found
    throw new BanyanError(
      'FAILED_PRECONDITION',
      `saga '${String(saga?.name)}' is not listed in this service's 'sagas'`,
      { reason: 'UNDECLARED_SAGA', hint: "Add it to 'sagas' in defineService." },
    )
  }

  async start(caller: SagaCaller, saga: SagaShape, input: unknown, tx?: TransactionSagas): Promise<StartedSaga> {
    const shape = this.#shapeOf(saga)
    const id = this.executor.shared.host.environment.random.uuidv7()
    const made = toNewSaga(shape, input, {
      id,
      startedBy: caller.startedBy,
      traceparent: formatTraceparent(caller.trace),
    })
    const started = tx === undefined ? await this.executor.begin(made) : await tx.start(made)
    if (tx === undefined && started.isNew) this.#news.started(shape.name, made.key, started.id)
    return toStarted(started, made.input, shape.name, made.key)
  }

  async signal(
    _caller: SagaCaller,
    saga: SagaShape,
    key: string,
    signal: SignalShape,
    data: unknown,
    tx?: TransactionSagas,
  ): Promise<string> {
    const shape = this.#shapeOf(saga)
    const id = this.executor.shared.host.environment.random.uuidv7()
    await this.#send(shape, key, toMessage(shape, signal, data, id), tx)
    return id
  }

  async cancel(caller: SagaCaller, saga: SagaShape, key: string, why: string, tx?: TransactionSagas): Promise<void> {
    const shape = this.#shapeOf(saga)
    const id = this.executor.shared.host.environment.random.uuidv7()
    await this.#send(shape, key, toCancel(id, caller.startedBy, why), tx)
  }

  async #send(shape: SagaShape, key: string, message: NewSagaMessage, tx: TransactionSagas | undefined): Promise<void> {
    const { sagas } = this.#store
    const found = await (tx === undefined ? this.#find(shape, key) : tx.find(shape.name, key))
    if (found === undefined) throw unknownSaga(shape.name, key)
    const sent = await (tx ?? sagas).send(found.id, message)
    if (sent === 'full') throw mailboxFull(shape.name, key)
    if (sent === 'unknown') throw unknownSaga(shape.name, key)
    if (sent === 'ended') throw sagaEnded(shape.name, key, found.state)
  }

  async #find(shape: SagaShape, key: string): Promise<SagaRecord> {
    const found = await this.#store.sagas.findByKey(shape.name, key)
    if (found === undefined) throw unknownSaga(shape.name, key)
    return found
  }

  async find(saga: SagaShape, key: string): Promise<SagaView | undefined> {
    const found = await this.#store.sagas.findByKey(this.#shapeOf(saga).name, key)
    if (found === undefined) return undefined
    const { id, state, version, startedMs, endedMs } = found
    return { id, key, state, version, startedMs, endedMs }
  }

  async result(
    caller: SagaCaller,
    saga: SagaShape,
    key: string,
    timeoutMs: number = defaultResultMs,
  ): Promise<unknown> {
    const ended = await this.#ending(caller, this.#shapeOf(saga), key, timeoutMs)
    const outcome = JSON.parse(ended.outcome) as { readonly ok?: unknown; readonly error?: never }
    if (outcome.error !== undefined) throw fromErrorDocument(outcome.error)
    return outcome.ok
  }

  /** Of a key's newest run; what one goes on as is waited for. */
  async #ending(caller: SagaCaller, shape: SagaShape, key: string, timeoutMs: number): Promise<SagaEnding> {
    const { clock } = this.executor.shared.host.environment
    const dueMs = clock.monotonic() + Math.min(timeoutMs, caller.remainingMs())
    let id = this.#news.recent(shape.name, key)
    for (let pollMs = id === undefined ? firstPollMs : maxPollMs; ; pollMs = Math.min(pollMs * 2, maxPollMs)) {
      if (id !== undefined) {
        const heard = await this.#news.wait(id, Math.min(pollMs, Math.max(0, dueMs - clock.monotonic())), caller)
        if (heard !== undefined && heard.state !== 'continued') return heard
        if (heard === undefined && this.executor.isHere(id) && clock.monotonic() < dueMs) continue
      }
      const { id: newest, state, outcome = '{}' } = await this.#find(shape, key)
      if (isSagaEnd(state) && state !== 'continued') return { state, outcome }
      if (clock.monotonic() >= dueMs) throw notYet(shape.name, key, timeoutMs, 'has not ended')
      id = newest
    }
  }

  async update(
    caller: SagaCaller,
    saga: SagaShape,
    key: string,
    update: SignalShape,
    input: unknown,
    timeoutMs: number = defaultResultMs,
  ): Promise<unknown> {
    const shape = this.#shapeOf(saga)
    const found = await this.#find(shape, key)
    const id = await this.signal(caller, saga, key, update, input)
    const answer = await this.#poll(caller, timeoutMs, found.id, () => this.#answerTo(found.id, found.length, id))
    if (answer === undefined) throw notYet(shape.name, key, timeoutMs, `has not answered '${update.name}'`)
    if (answer.refused !== undefined)
      throw new BanyanError('FAILED_PRECONDITION', answer.refused, { reason: 'UPDATE_REFUSED' })
    return answer.ok
  }

  async #answerTo(
    sagaId: string,
    after: number,
    id: string,
  ): Promise<{ readonly ok?: unknown; readonly refused?: string } | undefined> {
    const entries = await this.#store.sagas.entries(sagaId, after, 10_000)
    for (const { kind, body } of entries) {
      if (kind !== 'answer') continue
      const answer = JSON.parse(body) as { readonly id: string; readonly ok?: unknown; readonly refused?: string }
      if (answer.id === id) return answer
    }
    const record = await this.#store.sagas.find(sagaId)
    if (record !== undefined && isSagaEnd(record.state)) throw sagaEnded(record.name, record.key, record.state)
    return undefined
  }

  /** Asks again with growing waits, and at once when this host hears of an end. */
  async #poll<Found>(
    caller: SagaCaller,
    timeoutMs: number,
    id: string,
    ask: () => Promise<Found | undefined>,
  ): Promise<Found | undefined> {
    const { clock } = this.executor.shared.host.environment
    const dueMs = clock.monotonic() + Math.min(timeoutMs, caller.remainingMs())
    for (let pollMs = firstPollMs; ; pollMs = Math.min(pollMs * 2, maxPollMs)) {
      const found = await ask()
      const leftMs = dueMs - clock.monotonic()
      if (found !== undefined || leftMs <= 0) return found
      await this.#news.wait(id, Math.min(pollMs, leftMs), caller)
    }
  }

  async query(saga: SagaShape, key: string, query: SignalShape): Promise<unknown> {
    const shape = this.#shapeOf(saga)
    assertDeclared(shape, query)
    const found = await this.#find(shape, key)
    const own = this.executor.shapeOf(found.name, found.version)
    if (own === undefined) throw unknownSaga(shape.name, key)
    const { run, fault } = await observe(this.executor.shared, own, found)
    if (fault !== undefined) throw fault
    const answer = run.queries.get(query.name)
    if (answer === undefined)
      throw new BanyanError(
        'FAILED_PRECONDITION',
        `saga '${shape.name}' for '${key}' does not answer '${query.name}' yet`,
        {
          reason: 'NO_ANSWER_YET',
        },
      )
    return structuredClone(answer())
  }
}

function toStarted({ id, isNew, input }: SagaStarted, given: string, name: string, key: string): StartedSaga {
  if (!isNew && input !== given) throw startedDifferently(name, key)
  return { id, isNew }
}

function assertDeclared(shape: SagaShape, signal: SignalShape): void {
  const known = shape.signals?.some(({ name, $banyan }) => name === signal.name && $banyan === signal.$banyan)
  if (known !== true) throw undeclaredSignal(signal.name)
}

function toMessage(shape: SagaShape, signal: SignalShape, data: unknown, id: string): NewSagaMessage {
  assertDeclared(shape, signal)
  const schema = signal.$banyan === 'update' ? signal.input : signal.data
  const border = createWireBorder(schema as never, 'output')
  const copy = border.copy(data)
  if (copy === INVALID) {
    const issues = border.explain(data)
    const message = `${signal.$banyan} '${signal.name}': ${issues[0]?.message ?? 'it does not fit its schema'}`
    throw new BanyanError('INVALID_ARGUMENT', message, { reason: 'INVALID_SIGNAL', issues })
  }
  const body = toText(copy, `${signal.$banyan} '${signal.name}'`) ?? 'null'
  return { id, kind: signal.$banyan, name: signal.name, key: '', body }
}

function notYet(name: string, key: string, ms: number, what: string): BanyanError {
  return new BanyanError('DEADLINE_EXCEEDED', `saga '${name}' for '${key}' ${what} within ${ms} ms`, {
    reason: 'SAGA_RUNNING',
    outcome: 'unknown',
  })
}
