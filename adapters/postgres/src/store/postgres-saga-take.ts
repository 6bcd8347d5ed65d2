/**
 * Who advances which run: taking what is due, heartbeats, letting go. A take locks what it takes and skips what others have
 * locked; each range of the index is read from its oldest due row on, so what sleeps costs nothing.
 */
import { maxReaped, type SagaEntry, type SagaMessage, type Sagas, type TakenSaga, type TakeRequest } from 'banyan/store'
import type { Statement, StatementResult } from '../client/exchange.ts'
import type { Flight } from './postgres-saga-flights.ts'
import {
  recordColumnsWith as columnsOf,
  entryColumns,
  messageColumns,
  nowMs,
  toEntry,
  toMessage,
  toRecord,
} from './postgres-saga-rows.ts'

const takeText = `
  SELECT ${columnsOf('s.length')}, s.were_due
  FROM (SELECT (t.saga).*, t.length, t.were_due FROM banyan.saga_take($1, $2, $3, $4, $5) AS t) AS s`

const nextText = `SELECT ${nowMs} AS now, banyan.saga_next_in($1, $2) AS next_in`

const entriesText = `SELECT ${entryColumns} FROM banyan.saga_entries($1, $2) AS e`
const messagesText = `SELECT ${messageColumns} FROM banyan.saga_unread($1, 0) AS m`

const beatText = `
  SELECT ${nowMs} AS now, b.reaped, b.mail, b.lost FROM banyan.saga_beat($1, $2, ${maxReaped}, $3, $4) AS b`

const releaseText = `
  WITH picked AS MATERIALIZED (
    SELECT id FROM banyan.saga WHERE ended_at IS NULL AND holder = $1 ORDER BY id FOR NO KEY UPDATE
  )
  UPDATE banyan.saga s SET epoch = s.epoch + 1, holder = NULL, due_at = banyan.now() FROM picked WHERE s.id = picked.id
  RETURNING s.id`

/** When something is due and could not be taken: somebody has it locked, and will be done soon. */
const lockedRetryMs = 50

export function createPostgresSagaLeases(
  flight: Flight,
  due: (ids: readonly string[]) => void,
): Pick<Sagas, 'take' | 'beat' | 'release'> {
  async function entriesOf(taken: readonly TakenSaga['saga'][], known: TakeRequest['known']): Promise<Taking> {
    const longer = taken.filter(({ id, length }) => length > (known?.get(id) ?? 0))
    const told = taken.filter(({ mail }) => mail > 0)
    const statements: Statement[] = []
    if (longer.length > 0) {
      const values = [longer.map(({ id }) => id), longer.map(({ id }) => known?.get(id) ?? 0)]
      statements.push({ text: entriesText, values })
    }
    if (told.length > 0) statements.push({ text: messagesText, values: [told.map(({ id }) => id)] })
    const answers = statements.length === 0 ? [] : [...(await flight(statements))]
    const entries = longer.length > 0 ? byRun(answers.shift(), toEntry) : new Map()
    return { entries, messages: told.length > 0 ? byRun(answers.shift(), toMessage) : new Map() }
  }

  return {
    async take({ holder, kinds: having, limit, ids, known }) {
      const names = [having.map(({ name }) => name), having.map(({ version }) => version)]
      const [first, next] = await flight([
        { text: takeText, values: [holder, ...names, limit, ids ?? null] },
        { text: nextText, values: names },
      ])
      const rows = first?.rows ?? []
      const records = rows.map(toRecord)
      const { entries, messages } = await entriesOf(records, known)
      const taken = records.map((saga): TakenSaga => {
        const unread = messages.get(saga.id) ?? []
        const mail = Math.max(saga.mail, unread.at(-1)?.n ?? 0)
        return { saga: { ...saga, mail }, entries: entries.get(saga.id) ?? [], messages: unread }
      })
      const { now, next_in } = (next as StatementResult).rows[0] as {
        readonly now: number
        readonly next_in: number | null
      }
      const least = taken.length > 0 || ids !== undefined ? 0 : lockedRetryMs
      const nextInMs = next_in === null ? undefined : Math.max(next_in > 0 ? 0 : least, Math.ceil(next_in))
      return { taken, more: (rows[0]?.were_due ?? 0) > taken.length, nextInMs, nowMs: Math.round(now) }
    },
    async beat(holder, leaseMs, held) {
      const [answer] = await flight([
        { text: beatText, values: [holder, leaseMs, [...held.keys()], [...held.values()]] },
      ])
      const { now, reaped, mail, lost } = (answer as StatementResult).rows[0] as Stand
      const ids = reaped ?? []
      if (ids.length > 0) due(ids)
      return { reaped: ids.length, mail: mail ?? [], lost: lost ?? [], nowMs: Math.round(now) }
    },
    async release(holder) {
      const [released] = await flight([
        { text: releaseText, values: [holder] },
        { text: 'DELETE FROM banyan.saga_host WHERE holder = $1', values: [holder] },
      ])
      const ids = (released?.rows ?? []).map((row) => row.id as string)
      if (ids.length > 0) due(ids)
      return ids.length
    },
  }
}

interface Taking {
  readonly entries: ReadonlyMap<string, readonly SagaEntry[]>
  readonly messages: ReadonlyMap<string, readonly SagaMessage[]>
}

interface Stand {
  readonly now: number
  readonly reaped: readonly string[] | null
  readonly mail: readonly string[] | null
  readonly lost: readonly string[] | null
}

function byRun<Row, Value>(result: StatementResult | undefined, to: (row: Row) => Value): Map<string, Value[]> {
  const groups = new Map<string, Value[]>()
  for (const row of result?.rows ?? []) {
    const group = groups.get(row.saga_id) ?? []
    if (group.length === 0) groups.set(row.saga_id, group)
    group.push(to(row))
  }
  return groups
}
