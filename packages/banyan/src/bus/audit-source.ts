/**
 * The audit of a source: is everything that its service committed in the log, once, and in order? Lag says nothing of that: it
 * is zero over a hole as well. Three comparisons, each with what it proves:
 *
 * - by count: what the outbox counted up to the position that the log's last append stored, against the log's last offset. It
 *   covers every event since counting began, and finds that one is missing or double, not which;
 * - by identity: the last events of the outbox that are still there, each looked up in the log, and per key their order there
 *   against the order of their ids, which is that of their commits (docs/decisions/0005). It covers the last so many;
 * - the log by itself: offsets without gaps, no id twice, over the last so many.
 *
 * One that is missing and another that is double at the same time, both older than the window, is what it cannot see.
 */
import { timeOfEventId } from '../store/inbox.ts'
import type { Outbox, OutboxCensus } from '../store/outbox.ts'
import type { AuditBaseline, LogEntry, LogKeeping, SourceFacts } from './keeping.ts'

/** A source and the two sides of it. */
export interface AuditedSource {
  readonly source: string
  readonly outbox: Outbox
  readonly keeping: LogKeeping
}

/** What an audit of a source found. All but `checked`, `foreign`, `counted`, `from` and `to` should be zero. */
export interface SourceAudit {
  /** Events looked at one by one. */
  readonly checked: number
  /** Of those, messages that no relay wrote: no fault, and no part of what is compared. */
  readonly foreign: number
  /** Events compared by count; undefined when there was no moment to count in. */
  readonly counted: number | undefined
  readonly missing: number
  readonly duplicated: number
  /** Events that lie in the log before an earlier one of their key. */
  readonly inverted: number
  /** Offsets looked at one by one: the first and the last. */
  readonly from: number
  readonly to: number
}

/** A moment to count in is when the relay has read everything there is: asked for so often. */
const countingTries = 3

/**
 * Audits the last `limit` events of a source one by one, and all of them by count. Undefined when the log does not know it.
 *
 * @example
 * // `keeping` is the bus's.
 * const audit = await auditSource({ source: 'orders', outbox: store.outbox, keeping }, 5_000)
 * if (audit !== undefined && audit.missing > 0) console.error(`the log lacks ${audit.missing} events of 'orders'`)
 */
export async function auditSource(audited: AuditedSource, limit: number): Promise<SourceAudit | undefined> {
  const { source, keeping } = audited
  const moment = await findMoment(audited, limit)
  const facts = moment?.facts ?? (await keeping.source(source))
  if (facts === undefined) return undefined
  // Twice the window: what committed late lies a little apart in the log.
  const after = Math.max(facts.start - 1, facts.end - 2 * limit)
  const entries = await keeping.entries(source, after, facts.end - after)
  const alone = await auditEntries(keeping, facts, after, entries)
  const known = moment === undefined ? { missing: 0, inverted: 0, checked: 0 } : await compare(audited, entries, moment)
  const drift = moment === undefined ? 0 : await driftOf(keeping, moment)
  return {
    checked: entries.length + known.checked,
    foreign: entries.filter(({ foreign }) => foreign).length,
    counted: moment?.census.passed,
    missing: Math.max(alone.missing + known.missing, -drift),
    duplicated: Math.max(alone.duplicated, drift),
    inverted: known.inverted,
    from: entries[0]?.offset ?? after + 1,
    to: entries.at(-1)?.offset ?? after,
  }
}

interface Moment {
  readonly facts: SourceFacts
  readonly census: OutboxCensus
}

/** The log's end with the position it was appended with, and what the outbox counts up to that position. */
async function findMoment({ source, outbox, keeping }: AuditedSource, limit: number): Promise<Moment | undefined> {
  for (let attempt = 0; attempt < countingTries; attempt += 1) {
    const facts = await keeping.source(source)
    if (facts?.cursor === undefined) return undefined
    const census = await outbox.census?.(facts.cursor, limit)
    if (census !== undefined) return { facts, census }
  }
  return undefined
}

/** How many more the log has than the outbox counted, beyond what was so when counting began. */
async function driftOf(keeping: LogKeeping, { facts, census }: Moment): Promise<number> {
  const { source, end, cursor, baseline, foreign = 0 } = facts
  const ahead = end - foreign - census.passed
  const cluster = cursor?.cluster ?? ''
  if (baseline?.cluster === cluster) return ahead - baseline.ahead
  const begun: AuditBaseline = { cluster, ahead, since: end }
  await keeping.setBaseline(source, begun)
  return 0
}

async function auditEntries(
  keeping: LogKeeping,
  { source, end }: SourceFacts,
  after: number,
  entries: readonly LogEntry[],
): Promise<{ readonly missing: number; readonly duplicated: number }> {
  // Others may send one twice: whoever applies it drops it by its mark.
  const ids = entries.filter(({ foreign }) => foreign !== true).map(({ id }) => id)
  const offsets = new Set(entries.map(({ offset }) => offset))
  const duplicated = ids.length - new Set(ids).size
  if (offsets.size === end - after) return { missing: 0, duplicated }
  // Retention may have dropped the beginning of the window since we asked where the log begins.
  const first = Math.max(after + 1, (await keeping.source(source))?.start ?? 1)
  const kept = [...offsets].filter((offset) => offset >= first)
  return { missing: Math.max(0, end - first + 1) - kept.length, duplicated }
}

async function compare(
  { source, keeping }: AuditedSource,
  entries: readonly LogEntry[],
  { facts, census }: Moment,
): Promise<{ readonly missing: number; readonly inverted: number; readonly checked: number }> {
  const offsets = new Map<string, number>()
  for (const { id, offset } of entries) if (!offsets.has(id)) offsets.set(id, offset)
  const doubtful = census.latest.filter(({ id }) => !offsets.has(id)).map(({ id }) => id)
  const found = doubtful.length === 0 ? new Set() : await keeping.having(source, doubtful)
  const absent = doubtful.filter((id) => !found.has(id))
  // What went by retention is absent as well. Asked for afterwards: it may have gone meanwhile.
  const keptMs = absent.length === 0 ? 0 : await keptSince(keeping, (await keeping.source(source)) ?? facts)
  const lost = absent.filter((id) => keptMs === 0 || (timeOfEventId(id) ?? 0) >= keptMs)
  return { missing: lost.length, inverted: countInverted(census, offsets), checked: census.latest.length }
}

/**
 * An event may lie before one that was made earlier, in a transaction that was open for longer, or on a host whose clock is ahead.
 * A handler may take a minute.
 */
const disorderMs = 120_000

/** Events made since then must be in the log: 0 when all must, infinite when none must. */
async function keptSince(keeping: LogKeeping, { source, start }: SourceFacts): Promise<number> {
  if (start === 1) return 0
  const [first] = await keeping.entries(source, start - 1, 1)
  const firstMs = timeOfEventId(first?.id ?? '')
  return firstMs === undefined ? Number.POSITIVE_INFINITY : firstMs + disorderMs
}

function countInverted({ latest }: OutboxCensus, offsets: ReadonlyMap<string, number>): number {
  const last = new Map<string, number>()
  let inverted = 0
  for (const { id, key } of latest) {
    const offset = offsets.get(id)
    if (offset === undefined) continue
    const before = last.get(key) ?? 0
    if (offset < before) inverted += 1
    last.set(key, Math.max(offset, before))
  }
  return inverted
}
