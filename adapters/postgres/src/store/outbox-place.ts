/**
 * Into which table of the outbox's ring events are written, and what is asked of it. Naming the table spares Postgres the
 * routing; which one it is follows from the last id that this process has seen, and the first write asks the database. One that
 * is out of date is no fault (see migration/outbox-lean.ts), so an id is asked for only now and then: what comes back costs
 * about as much as an index (docs/decisions/0008).
 */
import type { NewEvent } from 'banyan/store'
import type { Statement, StatementResult } from '../client/exchange.ts'
import { outboxParts } from '../migration/outbox-ring.ts'

/** Ids one after the other that belong into one partition, as a power of two. */
const idBits = 65_536
/** One write in so many asks for its id. */
export const idEvery = 16

/** Makes the statements that write to the outbox, and learns from their answers. */
export interface OutboxPlace {
  /** Writes events in their order; gives the transaction's id unless that is known. */
  statement(events: readonly NewEvent[], knowsXid: boolean): Statement
  /** The answers of a flight that may have written to the outbox. */
  learn(answers: readonly StatementResult[]): void
}

const insertOne = (table: string): string => `
  INSERT INTO ${table} (event_id, type, key, envelope) VALUES ($1, $2, $3, $4)`

// The ids are drawn in the order of the rows: Postgres evaluates volatile defaults after the sort.
const insertMany = (table: string): string => `
  INSERT INTO ${table} (event_id, type, key, envelope)
  SELECT event_id, type, key, envelope
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS e (event_id, type, key, envelope, place)
  ORDER BY place`

/** What comes back. No casts: they cost, and both are texts on this side. */
const answers = { nothing: '', xid: ' RETURNING xid', id: ' RETURNING id AS outbox_id, xid' } as const
type Answer = keyof typeof answers
/** By what comes back. */
type Texts = Readonly<Record<Answer, string>>

const toAll = (insert: string): Texts => ({
  nothing: insert,
  xid: `${insert}${answers.xid}`,
  id: `${insert}${answers.id}`,
})
const toTexts = (table: string): { one: Texts; many: Texts } => ({
  one: toAll(insertOne(table)),
  many: toAll(insertMany(table)),
})
const routed = toTexts('banyan.outbox')
const direct = Array.from({ length: outboxParts }, (_, part) => toTexts(`banyan.outbox_${part}`))

export function createOutboxPlace(): OutboxPlace {
  let texts = routed
  let writes = 0
  const choose = (knowsXid: boolean): Answer => {
    writes += 1
    if (texts === routed || writes % idEvery === 0) return 'id'
    return knowsXid ? 'nothing' : 'xid'
  }
  return {
    statement(events, knowsXid) {
      const answer = choose(knowsXid)
      const [event] = events
      if (event !== undefined && events.length === 1)
        return { text: texts.one[answer], values: [event.id, event.type, event.key, event.envelope] }
      const column = (name: keyof NewEvent): readonly string[] => events.map((one) => one[name])
      return { text: texts.many[answer], values: [column('id'), column('type'), column('key'), column('envelope')] }
    },
    learn(results) {
      for (const { rows } of results) {
        const id = rows.at(-1)?.outbox_id as string | undefined
        if (id !== undefined) texts = direct[Math.floor(Number(id) / idBits) % outboxParts] ?? routed
      }
    },
  }
}
