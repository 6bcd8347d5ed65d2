/** Sagas inside one transaction. Who became due and who ended is told when it has committed. */
import {
  assertNewSaga,
  assertSagaMessage,
  Fenced,
  isRunId,
  mailboxFull,
  type NewSaga,
  type NewSagaMessage,
  type SagaState,
  type TransactionSagas,
} from 'banyan/store'
import type { Statement, StatementResult } from '../client/exchange.ts'
import { gateOf, keepLockText, lockText, toLock } from './postgres-saga-locks.ts'
import { readStarts, startStatements } from './postgres-saga-start.ts'
import { readWrites, writeStatement } from './postgres-saga-write.ts'
import { readOnly } from './transaction-faults.ts'

/** Runs that changed, for those who listen. */
export interface SagaHints {
  readonly due: string[]
  readonly ended: string[]
  /** Something became due that is not known by its id. */
  freed: boolean
}

export function createHints(): SagaHints {
  return { due: [], ended: [], freed: false }
}

const deliverText = 'SELECT run_id, told FROM banyan.saga_deliver($1, $2, $3, $4, $5, $6)'
const tellText = 'SELECT banyan.saga_tell($1, $2, $3, $4, $5, $6) AS told'

const findText = 'SELECT id, state FROM banyan.saga WHERE name = $1 AND key = $2 ORDER BY run DESC LIMIT 1'

/** The statement that sends a message to one run. */
export function tellStatement(to: string, { id, kind, name, key, body }: NewSagaMessage): Statement {
  assertSagaMessage({ id, kind, name, key, body })
  return { text: tellText, values: [to, id, kind, name, key, body] }
}

/** `run` runs one statement of the transaction; several that are given at once go in their order. */
export function createTransactionSagas(
  run: (text: string, values: readonly unknown[]) => Promise<StatementResult>,
  hints: SagaHints,
  isReadOnly: boolean,
): TransactionSagas {
  const assertWritable = (what: string): void => {
    if (isReadOnly) throw readOnly(what)
  }
  const one = ({ text, values = [] }: Statement): Promise<StatementResult> => run(text, values)
  const all = (statements: readonly Statement[]): Promise<readonly StatementResult[]> =>
    Promise.all(statements.map(one))

  return {
    async start(saga: NewSaga) {
      assertWritable('start a saga')
      assertNewSaga(saga)
      const [inserted] = await all(startStatements([saga]))
      const [started] = await readStarts([saga], inserted as StatementResult, one)
      if (started === undefined) throw new Error('unreachable: one start has one answer')
      if (started.isNew) hints.due.push(started.id)
      return started
    },
    async deliver(message, names) {
      assertWritable('deliver to sagas')
      assertSagaMessage(message)
      const { id, kind, name, key, body } = message
      const { rows } = await run(deliverText, [names, id, kind, name, key, body])
      const told = rows as { readonly run_id: string; readonly told: string }[]
      const full = told.find((row) => row.told === 'full')
      if (full !== undefined) throw mailboxFull(full.run_id)
      const sent = told.filter((row) => row.told === 'sent').map((row) => row.run_id)
      hints.due.push(...sent)
      return sent.length
    },
    async send(to, message) {
      assertWritable('send to a saga')
      const statement = tellStatement(to, message)
      if (!isRunId(to)) return 'unknown'
      const told = (await one(statement)).rows[0].told
      if (told === 'sent') hints.due.push(to)
      return told
    },
    async find(name, key) {
      const [row] = (await run(findText, [name, key])).rows
      return row as { readonly id: string; readonly state: SagaState } | undefined
    },
    async write(write) {
      assertWritable('write a saga')
      const answer = await one(writeStatement([write]))
      const { outcomes, due, ended, freed } = await readWrites([write], answer, one)
      const [outcome] = outcomes
      if (outcome === undefined || outcome === 'fenced') throw new Fenced(`run '${write.id}' (epoch ${write.epoch})`)
      hints.due.push(...due)
      hints.ended.push(...ended)
      hints.freed ||= freed
      return outcome
    },
    async lock(kind, key) {
      const [, found] = await all([
        { text: keepLockText, values: [kind, key, gateOf(kind, key)] },
        { text: lockText, values: [kind, key] },
      ])
      const row = found?.rows[0]
      return row === undefined ? undefined : toLock(row)
    },
  }
}
