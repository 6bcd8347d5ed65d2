/**
 * One attempt of a transaction on one session. BEGIN travels with the first statement, outbox rows and the idempotency row
 * travel with COMMIT: n business statements cost n + 1 round trips, with or without events. So does the mark of a delivery, which
 * goes between BEGIN and the first statement and fails when the delivery must not be applied: what follows is then skipped.
 */
import { BanyanError } from 'banyan/core'
import {
  assertDue,
  type Due,
  type NewEvent,
  type NewScheduledEvent,
  type StoreTransaction,
  type TransactionStreams,
  type TransactOptions,
} from 'banyan/store'
import type { Kysely } from 'kysely'
import type { Statement, StatementResult } from '../client/exchange.ts'
import { createBuilder } from '../client/kysely.ts'
import { FlightError, type Session } from '../client/session.ts'
import { toSqlText } from '../client/template.ts'
import { markStatement, toRefusal } from './delivery-marks.ts'
import { beginPassage, readPassage } from './passages.ts'
import { createTransactionStreams } from './postgres-event-store.ts'
import { claimStatements, readClaim } from './postgres-idempotency.ts'
import { createHints, createTransactionSagas, type SagaHints } from './postgres-saga-transaction.ts'
import { unscheduleText } from './postgres-scheduled.ts'
import { ended, maxEventsPerTransaction, notYours, readOnly, tooManyEvents } from './transaction-faults.ts'

/** A transaction as its own machinery sees it. */
export class OpenTransaction {
  readonly #session: Session
  readonly #options: TransactOptions
  readonly #events: NewEvent[] = []
  readonly #scheduled: NewScheduledEvent[] = []
  #builder: Kysely<unknown> | undefined
  #begun: Promise<unknown> | undefined
  /** To go out right behind BEGIN. */
  #mark: Statement | undefined
  #ended = false
  #committing = false
  #failure: unknown
  #refusal: Error | undefined
  #appended = false
  /** Runs of sagas that it made due or ended. */
  readonly hints: SagaHints = createHints()
  /** The transaction's id, when an answer has told it. */
  xid: string | undefined

  constructor(session: Session, options: TransactOptions) {
    this.#session = session
    this.#options = options
    this.handle = this.#createHandle()
  }

  get events(): readonly NewEvent[] {
    return this.#events
  }

  get scheduled(): readonly NewScheduledEvent[] {
    return this.#scheduled
  }

  /** True when it has appended to a stream. */
  get appended(): boolean {
    return this.#appended
  }

  /** False while nothing was sent: there is nothing to roll back. */
  get begun(): boolean {
    return this.#begun !== undefined
  }

  /** Nothing was written and nothing is to be. */
  get idle(): boolean {
    return !this.begun && this.#mark === undefined && this.#events.length + this.#scheduled.length === 0
  }

  /** True once COMMIT is on its way. */
  get committing(): boolean {
    return this.#committing
  }

  /** The first error of a statement; the transaction can only roll back then, whatever the work made of it. */
  get failure(): unknown {
    return this.#failure
  }

  /** What the work sees. */
  readonly handle: StoreTransaction

  /**
   * Writes the marks this transaction serves, in the flight of BEGIN; that of a delivery alone waits for the first statement. Gives
   * the stored result when there is one.
   */
  async enter(): Promise<{ readonly result: unknown } | undefined> {
    const { delivery, passage, idempotency } = this.#options
    const mark = delivery === undefined ? undefined : markStatement(delivery)
    if (passage === undefined && idempotency === undefined) {
      this.#mark = mark
      return undefined
    }
    const marks = mark === undefined ? [] : [mark]
    if (passage !== undefined) marks.push(beginPassage(passage))
    const claims = idempotency === undefined ? [] : claimStatements(idempotency)
    if (marks.length + claims.length === 0) return undefined
    const flight = this.#session.flight([begin(this.#options), ...marks, ...claims])
    this.#begun = flight
    const [, ...answers] = await flight.catch((error: unknown) => {
      throw this.#toCause(error)
    })
    if (mark !== undefined) this.xid = answers.shift()?.rows[0]?.xid
    if (passage !== undefined) this.xid = readPassage(passage, answers.shift())
    if (idempotency === undefined) return undefined
    const claimed = readClaim(idempotency, answers)
    this.xid ??= claimed.xid
    return claimed.stored
  }

  /** No more statements from the work. */
  end(): void {
    this.#ended = true
  }

  /** The last flight: these statements, and COMMIT behind them. */
  finish(last: readonly Statement[]): Promise<readonly StatementResult[]> {
    this.#committing = true
    const first = this.begun ? [] : this.#first()
    const flight = this.#session.flight([...first, ...last, { text: 'COMMIT' }])
    this.#begun ??= flight
    return flight
  }

  /** BEGIN, and the mark that goes with it. */
  #first(): readonly Statement[] {
    return this.#mark === undefined ? [begin(this.#options)] : [begin(this.#options), this.#mark]
  }

  /** What a failed flight means: a delivery that must not be applied, or what the database said. */
  #toCause(error: unknown): unknown {
    const cause = error instanceof FlightError ? error.cause : error
    const refusal = toRefusal(this.#options.delivery, cause)
    if (refusal !== undefined) this.#refusal = refusal
    return refusal ?? cause
  }

  /** The delivery must not be applied; whatever the work made of it. */
  get refusal(): Error | undefined {
    return this.#refusal
  }

  async run(text: string, values: readonly unknown[]): Promise<StatementResult> {
    if (this.#ended) throw ended()
    if (controls.test(text)) throw notYours(text)
    try {
      return await this.#run({ text, values })
    } catch (error) {
      const cause = this.#toCause(error)
      this.#failure ??= cause
      throw cause
    }
  }

  async #run(statement: Statement): Promise<StatementResult> {
    if (this.#begun === undefined) {
      const first = this.#first()
      const flight = this.#session.flight([...first, statement])
      this.#begun = flight
      const answers = await flight
      if (this.#mark !== undefined) this.xid = answers[1]?.rows[0]?.xid
      return answer(answers[first.length])
    }
    // A statement sent while BEGIN is still on its way must not run alone should BEGIN be refused.
    await this.#begun
    if (this.#ended) throw ended()
    return answer((await this.#session.flight([statement]))[0])
  }

  #createHandle(): StoreTransaction {
    const builder = (): Kysely<unknown> => {
      this.#builder ??= createBuilder((text, values) => this.run(text, values))
      return this.#builder
    }
    return {
      // biome-ignore lint/suspicious/noExplicitAny: the tables are known only to the service's own types
      get db(): Kysely<any> {
        return builder()
      },
      sql: async <Row>(text: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]> =>
        (await this.run(toSqlText(text), values)).rows,
      streams: this.#createStreams(),
      sagas: createTransactionSagas((...given) => this.run(...given), this.hints, this.#options.readOnly === true),
      publish: (event, due) => this.#publish(event, due),
      unschedule: async (eventId) => (await this.run(unscheduleText, [eventId])).rowCount === 1,
    }
  }

  #createStreams(): TransactionStreams {
    const { append, read, saveSnapshot } = createTransactionStreams(
      (text, values) => this.run(text, values),
      (xid) => {
        this.xid ??= xid
        this.#appended = true
      },
    )
    const assertWritable = (): void => {
      if (this.#options.readOnly === true) throw readOnly('write to a stream')
    }
    return {
      read,
      append: async (...given) => {
        assertWritable()
        return append(...given)
      },
      saveSnapshot: async (...given) => {
        assertWritable()
        return saveSnapshot(...given)
      },
    }
  }

  #publish(event: NewEvent, due: Due | undefined): void {
    if (this.#ended) throw ended()
    if (this.#options.readOnly === true) throw readOnly('publish')
    if (this.#events.length + this.#scheduled.length >= maxEventsPerTransaction) throw tooManyEvents()
    if (due === undefined) return void this.#events.push(event)
    assertDue(due)
    this.#scheduled.push({ event, due })
  }
}

/** What would end the transaction behind its back, or begin another; savepoints are fine. */
const controls =
  /^\s*(commit|end|abort|begin|start\s+transaction|prepare\s+transaction|rollback(?!(\s+\w+)?\s+to\b))\b/i

function begin(options: TransactOptions): Statement {
  const isolation = options.isolation ?? 'read committed'
  return { text: `BEGIN ISOLATION LEVEL ${levels[isolation]} READ ${options.readOnly === true ? 'ONLY' : 'WRITE'}` }
}

const levels = {
  'read committed': 'READ COMMITTED',
  'repeatable read': 'REPEATABLE READ',
  serializable: 'SERIALIZABLE',
} as const

function answer(result: StatementResult | undefined): StatementResult {
  if (result === undefined) throw new BanyanError('INVALID_ARGUMENT', 'an empty statement', { outcome: 'none' })
  return result
}
