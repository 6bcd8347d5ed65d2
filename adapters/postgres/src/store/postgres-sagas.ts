/**
 * The runs of sagas in Postgres. A group write is one flight of statements under one Sync, which is one transaction without a
 * BEGIN and a COMMIT of its own: all of it, or nothing. An answer that is lost leaves it open which; the port's writes may be
 * repeated, so nothing is looked up.
 */
import { assertSagaMessage, isRunId, type NewSaga, type SagaStarted, type Sagas, type SagaWrite } from 'banyan/store'
import type { Statement, StatementResult } from '../client/exchange.ts'
import type { RunAlone } from './alone.ts'
import { createFlights, type FlightsOptions } from './postgres-saga-flights.ts'
import { createPostgresSagaLocks } from './postgres-saga-locks.ts'
import { nowMs } from './postgres-saga-rows.ts'
import { readStarts, startStatements } from './postgres-saga-start.ts'
import { createPostgresSagaLeases } from './postgres-saga-take.ts'
import { type SagaHints, tellStatement } from './postgres-saga-transaction.ts'
import { createPostgresSagaMending, createPostgresSagaViews } from './postgres-saga-views.ts'
import { readWrites, writeStatement } from './postgres-saga-write.ts'

/** The port, and what transactions tell it. */
export interface PostgresSagas extends Sagas {
  /** A transaction of this process that did these has committed. */
  committed(hints: Pick<SagaHints, 'due' | 'ended' | 'freed'>): void
}

type Listener = (ids: readonly string[]) => void

export function createPostgresSagas(options: FlightsOptions & { readonly run: RunAlone }): PostgresSagas {
  const { run } = options
  const { flight, transact } = createFlights(options)
  const one = async (statement: Statement): Promise<StatementResult> =>
    (await flight([statement]))[0] as StatementResult
  const dueListeners = new Set<Listener>()
  const endListeners = new Set<Listener>()

  const tell = (listeners: Set<Listener>, ids: readonly string[]): void => {
    for (const listener of listeners) queueMicrotask(() => listener(ids))
  }
  const committed: PostgresSagas['committed'] = ({ due, ended, freed }) => {
    if (due.length > 0 || freed) tell(dueListeners, freed ? [] : due)
    if (ended.length > 0) tell(endListeners, ended)
  }
  const due = (ids: readonly string[]): void => committed({ due: [...ids], ended: [], freed: false })
  const listen = (listeners: Set<Listener>) => (listener: Listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  const mending = createPostgresSagaMending(run, transact)

  return {
    ...createPostgresSagaViews(run),
    ...createPostgresSagaLeases(flight, due),
    ...createPostgresSagaLocks(flight, due),
    trim: mending.trim,
    async start(sagas, holder): Promise<readonly SagaStarted[]> {
      if (sagas.length === 0) return []
      const [inserted] = await flight(startStatements(sagas, holder))
      const started = await readStarts(sagas, inserted as StatementResult, one)
      if (holder === undefined) due(started.filter(({ isNew }) => isNew).map(({ id }) => id))
      return started
    },
    async write(writes) {
      const [first] = writes
      if (first === undefined) return []
      if (writes.some(({ holder }) => holder !== first.holder)) return writeByHolder(writes, this.write)
      const known = writes.filter(({ id }) => isRunId(id))
      const { outcomes, ...hints } = await readWrites(known, await one(writeStatement(known)), one)
      committed({ due: [...hints.due], ended: [...hints.ended], freed: hints.freed })
      return outcomes
    },
    async send(to, message) {
      assertSagaMessage(message)
      if (!isRunId(to)) return 'unknown'
      const { told } = (await one(tellStatement(to, message))).rows[0]
      if (told === 'sent') due([to])
      return told
    },
    async mend(...given) {
      const mended = await mending.mend(...given)
      if (mended?.dueMs !== undefined) due([mended.id])
      if (mended?.endedMs !== undefined) committed({ due: [], ended: [mended.id], freed: true })
      return mended
    },
    async insert(saga: NewSaga, ...given) {
      const record = await mending.insert(saga, ...given)
      if (record.dueMs !== undefined) due([record.id])
      return record
    },
    async now() {
      return Math.round((await run(`SELECT ${nowMs} AS ms`)).rows[0].ms)
    },
    onDue: listen(dueListeners),
    onEnd: listen(endListeners),
    committed,
  }
}

/** Writes of several holders are as many groups. */
async function writeByHolder(writes: readonly SagaWrite[], write: Sagas['write']): ReturnType<Sagas['write']> {
  const outcomes = new Map<SagaWrite, Awaited<ReturnType<Sagas['write']>>[number]>()
  for (const group of Map.groupBy(writes, ({ holder }) => holder).values())
    for (const [place, outcome] of (await write(group)).entries()) outcomes.set(group[place] as SagaWrite, outcome)
  return writes.map((one) => outcomes.get(one) ?? 'fenced')
}
