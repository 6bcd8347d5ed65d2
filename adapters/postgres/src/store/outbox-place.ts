/**
 * Into which table of the outbox's ring events are written. Naming it spares Postgres the routing; which one it is follows
 * from the last id that this process has seen, and the first write asks the database. One that is out of date is no fault
 * (see migration/outbox-lean.ts).
 */
import type { NewEvent } from 'banyan/store'
import type { Statement, StatementResult } from '../client/exchange.ts'
import { outboxParts } from '../migration/outbox-ring.ts'

/** Ids one after the other that belong into one partition, as a power of two. */
const idBits = 65_536

/** Makes the statements that write to the outbox, and learns from their answers. */
export interface OutboxPlace {
  /** Writes events in their order; gives the transaction's id. */
  statement(events: readonly NewEvent[]): Statement
  /** The answers of a flight that may have written to the outbox. */
  learn(answers: readonly StatementResult[]): void
}

const insertOne = (table: string): string => `
  INSERT INTO ${table} (event_id, type, key, envelope) VALUES ($1, $2, $3, $4) RETURNING id::float8 AS outbox_id, xid::text`

// The ids are drawn in the order of the rows: Postgres evaluates volatile defaults after the sort.
const insertMany = (table: string): string => `
  INSERT INTO ${table} (event_id, type, key, envelope)
  SELECT event_id, type, key, envelope
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS e (event_id, type, key, envelope, place)
  ORDER BY place RETURNING id::float8 AS outbox_id, xid::text`

const tables = Array.from({ length: outboxParts }, (_, part) => `banyan.outbox_${part}`)
const toTexts = (table: string): { one: string; many: string } => ({ one: insertOne(table), many: insertMany(table) })
const routed = toTexts('banyan.outbox')
const direct = tables.map(toTexts)

export function createOutboxPlace(): OutboxPlace {
  let texts = routed
  return {
    statement(events) {
      const [event] = events
      if (event !== undefined && events.length === 1)
        return { text: texts.one, values: [event.id, event.type, event.key, event.envelope] }
      const column = (name: keyof NewEvent): readonly string[] => events.map((one) => one[name])
      return { text: texts.many, values: [column('id'), column('type'), column('key'), column('envelope')] }
    },
    learn(answers) {
      for (const { rows } of answers) {
        const id = rows.at(-1)?.outbox_id as number | undefined
        if (id !== undefined) texts = direct[Math.floor(id / idBits) % outboxParts] ?? routed
      }
    },
  }
}
