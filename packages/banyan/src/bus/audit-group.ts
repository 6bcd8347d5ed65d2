/**
 * The audit of a consumer group: is everything below its low-water mark marked as applied or parked? An event that is not was
 * passed over: lost to the group, with a lag of zero. The log and the marks are in two databases and were written by two
 * transactions each, so they prove each other.
 *
 * What it cannot judge: events whose marks may have been trimmed (older than the inbox's horizon), and events of types that the
 * group had not subscribed to when it passed them; so it begins where the caller knows the subscriptions to hold.
 */
import { type Inbox, timeOfEventId } from '../store/inbox.ts'
import type { LogEntry, LogKeeping } from './keeping.ts'

/** A group and the two sides of it. */
export interface AuditedGroup {
  readonly source: string
  readonly group: string
  readonly inbox: Inbox
  readonly keeping: LogKeeping
  /** Types that the group applies. */
  readonly types: ReadonlySet<string>
}

/** What an audit of a group found. `unmarked` should be zero. */
export interface GroupAudit {
  /** Events whose marks were looked up. */
  readonly checked: number
  /** Events passed without being applied or parked. */
  readonly unmarked: number
  /** The first few of them, for the operator. */
  readonly examples: readonly string[]
  /** Offsets looked at: after `from`, up to and including `to`. */
  readonly from: number
  readonly to: number
}

/** Ids asked for in one statement. */
const batch = 500
const maxExamples = 5

/**
 * Audits at most `limit` events after an offset, up to the low-water mark.
 *
 * @example
 * // `keeping` is the bus's; 1 200 is the group's low-water mark.
 * const types = new Set(['orders.placed.v1'])
 * const billing = { source: 'orders', group: 'billing', inbox: store.inbox, keeping, types }
 * const audit = await auditGroup(billing, 0, 1_200, 5_000)
 * audit.unmarked // 0
 */
export async function auditGroup(
  { source, group, inbox, keeping, types }: AuditedGroup,
  afterOffset: number,
  lowWater: number,
  limit: number,
): Promise<GroupAudit> {
  const entries = await keeping.entries(source, afterOffset, Math.min(limit, Math.max(0, lowWater - afterOffset)))
  const passed = entries.filter(({ offset, type }) => offset <= lowWater && types.has(type))
  const unmarked: LogEntry[] = []
  for (let from = 0; from < passed.length; from += batch) {
    const part = passed.slice(from, from + batch)
    const marked = await inbox.marked(
      group,
      part.map(({ id }) => id),
    )
    for (const entry of part) if (!marked.has(entry.id)) unmarked.push(entry)
  }
  // Asked for afterwards: marks that were trimmed meanwhile are behind it.
  const horizonMs = await inbox.horizon(group, source)
  const lost = unmarked.filter(({ id }) => (timeOfEventId(id) ?? 0) >= horizonMs)
  return {
    checked: passed.length - (unmarked.length - lost.length),
    unmarked: lost.length,
    examples: lost.slice(0, maxExamples).map(({ id, offset }) => `${offset} (${id})`),
    from: afterOffset,
    to: entries.filter(({ offset }) => offset <= lowWater).at(-1)?.offset ?? afterOffset,
  }
}
