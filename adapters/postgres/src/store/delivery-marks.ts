/**
 * The statements that begin a delivery's transaction. Each reads the assignment FOR KEY SHARE under its epoch: a take-over
 * changes the epoch, which is part of a unique index, so it waits for effects that are being applied, and effects that come
 * after it find no assignment. A batch marks all its events by one statement, in the order of their ids, so that two batches
 * cannot wait for each other in a circle.
 */
import { BanyanError } from 'banyan/core'
import { AlreadyApplied, type DeliveryMark, Fenced } from 'banyan/store'
import type { Statement } from '../client/exchange.ts'
import { sqlState } from '../client/sql-error.ts'
import { refusalStates } from '../migration/refusal-schema.ts'

/** One or many, as `TransactOptions` has it. */
export type Delivery = DeliveryMark | readonly DeliveryMark[]

/** The assignment, locked against a take-over; nothing under another epoch. */
export const assignment = (group: string, source: string, epoch: string): string => `
  SELECT FROM banyan.consumer
  WHERE consumer_group = ${group} AND source = ${source} AND epoch = ${epoch} AND holder IS NOT NULL
  FOR KEY SHARE`

/** One mark of a delivery ($1 group, $2 event, $3 source, $4 offset, $5 epoch), while its assignment is held. */
export const heldAndMarked: string = `
  WITH held AS MATERIALIZED (${assignment('$1', '$3', '$5')}),
  marked AS (
    INSERT INTO banyan.mark (consumer_group, event_id, source, log_offset)
    SELECT $1, $2::uuid, $3, $4::bigint FROM held
    ON CONFLICT DO NOTHING RETURNING 1
  )`

const answer = (marked: string): string => `
  SELECT CASE WHEN ${marked} THEN pg_current_xact_id_if_assigned()::text
              ELSE banyan.refuse(EXISTS (SELECT FROM held)) END AS xid`
const isMarked = 'EXISTS (SELECT FROM marked)'

const markOne = `${heldAndMarked}${answer(isMarked)}`

// The event has its mark since it was parked; what makes it applied once is that it is parked once.
const markReplay = `
  WITH held AS MATERIALIZED (${assignment('$1', '$3', '$5')}),
  marked AS (
    DELETE FROM banyan.parked p USING held
    WHERE p.consumer_group = $1 AND p.source = $3 AND p.log_offset = $4::bigint AND p.event_id = $2::uuid RETURNING 1
  ),
  kept AS (
    INSERT INTO banyan.mark (consumer_group, event_id, source, log_offset)
    SELECT $1, $2::uuid, $3, $4::bigint FROM marked
    ON CONFLICT (consumer_group, event_id) DO UPDATE SET applied_at = excluded.applied_at
  )${answer(isMarked)}`

const markMany = `
  WITH held AS MATERIALIZED (${assignment('$1', '$3', '$5')}),
  written AS (
    INSERT INTO banyan.mark (consumer_group, event_id, source, log_offset)
    SELECT $1, e.id, $3, e.place FROM held, unnest($2::uuid[], $4::bigint[]) AS e (id, place) ORDER BY e.id
    ON CONFLICT DO NOTHING RETURNING 1
  )${answer('(SELECT count(*) FROM written) = cardinality($2::uuid[])')}`

/**
 * The statement that begins a delivery's transaction, after BEGIN; undefined for none. It gives the transaction's id, or fails as
 * {@link toRefusal} reads, so that nothing sent behind it is executed.
 */
export function markStatement(delivery: Delivery): Statement | undefined {
  if (isOne(delivery)) return { text: delivery.replay === true ? markReplay : markOne, values: valuesOf(delivery) }
  const [first] = delivery
  if (first === undefined) return undefined
  if (delivery.length === 1) return markStatement(first)
  if (!delivery.every((mark) => isAlike(mark, first))) throw mixed()
  const ids = delivery.map((mark) => mark.eventId)
  return { text: markMany, values: [first.group, ids, first.source, delivery.map((mark) => mark.offset), first.epoch] }
}

/** What the statements of one mark take. */
export function valuesOf(mark: DeliveryMark): readonly unknown[] {
  return [mark.group, mark.eventId, mark.source, mark.offset, mark.epoch]
}

/** {@link Fenced} or {@link AlreadyApplied} for what {@link markStatement} fails with; undefined for other errors. */
export function toRefusal(delivery: Delivery | undefined, error: unknown): Fenced | AlreadyApplied | undefined {
  const mark = delivery === undefined || isOne(delivery) ? delivery : delivery[0]
  if (mark === undefined) return undefined
  const state = sqlState(error)
  if (state === refusalStates.fenced) return fenced(mark)
  return state === refusalStates.applied ? new AlreadyApplied(mark) : undefined
}

/** Throws {@link Fenced} or {@link AlreadyApplied}. */
export function assertMarked(mark: DeliveryMark, row: { held: boolean; marked: boolean } | undefined): void {
  if (row?.held !== true) throw fenced(mark)
  if (!row.marked) throw new AlreadyApplied(mark)
}

function fenced({ group, source, epoch }: DeliveryMark): Fenced {
  return new Fenced(`group '${group}' on '${source}' (epoch ${epoch})`)
}

function isOne(delivery: Delivery): delivery is DeliveryMark {
  return 'eventId' in delivery
}

function isAlike(one: DeliveryMark, other: DeliveryMark): boolean {
  return one.group === other.group && one.source === other.source && one.epoch === other.epoch && !one.replay
}

function mixed(): BanyanError {
  return new BanyanError(
    'INVALID_ARGUMENT',
    'the deliveries of one transaction are of one group and source under one epoch, and none is a replay',
    { reason: 'MIXED_DELIVERIES' },
  )
}
