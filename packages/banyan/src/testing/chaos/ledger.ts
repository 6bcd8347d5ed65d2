/**
 * The ledger: what producers committed against what consumers' transactions recorded. Both sides are rows of the databases under
 * test, so the verdict needs no trust in any process that was killed.
 *
 * A producer keeps a counter per key in the transaction that publishes, so a key's events are 1, 2, 3 … in the order that must
 * be kept. An effect records, in its own transaction, the highest counter of its key that was there before it (`after`): an
 * effect that ran too early says so itself, whatever came later.
 */

/** An event as its producer's transaction committed it. */
export interface CommittedEvent {
  readonly key: string
  /** 1, 2, 3 … per key. */
  readonly counter: number
  readonly eventId: string
}

/** An effect as the transaction of its delivery recorded it. */
export interface RecordedEffect extends CommittedEvent {
  /** The highest counter of the key that the transaction saw recorded; 0 when there was none. */
  readonly after: number
}

/** Everything that is known when all has come to rest. */
export interface Ledger {
  readonly committed: readonly CommittedEvent[]
  readonly recorded: readonly RecordedEffect[]
  /** Ids that are still on their way: in an outbox, in the log behind no cursor, or parked. */
  readonly waiting?: ReadonlySet<string>
  /** Per key the highest counter that a producer was told is committed. */
  readonly acknowledged?: ReadonlyMap<string, number>
}

/** The verdict; all of the counts but the first two must be zero. */
export interface LedgerVerdict {
  readonly committed: number
  readonly recorded: number
  /** Committed (or acknowledged as such), not applied, and nowhere on its way. */
  readonly lost: number
  /** Effects beyond the first of an event. */
  readonly duplicated: number
  /** Effects that were recorded before an earlier one of their key. */
  readonly inverted: number
  /** Not applied, but still on its way when the time to drain was over. */
  readonly stuck: number
  /** Effects of events whose transaction never committed. */
  readonly invented: number
  /** The first few violations in words. */
  readonly examples: readonly string[]
}

/** So many violations are told in words; the counts have them all. */
const maxExamples = 20

type Count = 'lost' | 'duplicated' | 'inverted' | 'stuck' | 'invented'

/**
 * Judges a ledger.
 *
 * @example
 * const first = { key: 'k', counter: 1, eventId: 'e-1' }
 * const verdict = judgeLedger({ committed: [first], recorded: [{ ...first, after: 0 }] })
 * toVerdictLine(verdict) // lost 0, duplicated 0, inverted 0, stuck 0
 */
export function judgeLedger(ledger: Ledger): LedgerVerdict {
  const counts: Record<Count, number> = { lost: 0, duplicated: 0, inverted: 0, stuck: 0, invented: 0 }
  const examples: string[] = []
  const note = (what: Count, event: CommittedEvent, why: string): void => {
    counts[what] += 1
    if (examples.length < maxExamples)
      examples.push(`${what}: ${event.key} #${event.counter} (${event.eventId}), ${why}`)
  }
  const committed = new Set(ledger.committed.map(({ eventId }) => eventId))
  const applied = new Map<string, Set<number>>()
  const seen = new Set<string>()
  for (const effect of ledger.recorded) {
    if (seen.has(effect.eventId)) note('duplicated', effect, 'recorded once more')
    else if (!committed.has(effect.eventId)) note('invented', effect, 'its transaction never committed')
    seen.add(effect.eventId)
    addTo(applied, effect)
  }
  for (const event of ledger.committed) {
    if (seen.has(event.eventId)) continue
    if (ledger.waiting?.has(event.eventId)) note('stuck', event, 'still on its way')
    else note('lost', event, 'committed, and nowhere to be found')
  }
  noteInverted(ledger.recorded, applied, note)
  noteForgotten(ledger, note)
  return { committed: ledger.committed.length, recorded: ledger.recorded.length, ...counts, examples }
}

function addTo(applied: Map<string, Set<number>>, { key, counter }: CommittedEvent): void {
  const counters = applied.get(key) ?? new Set()
  applied.set(key, counters.add(counter))
}

/** The first effect of an event that did not see its predecessor, although that one was applied at some time. */
function noteInverted(
  recorded: readonly RecordedEffect[],
  applied: ReadonlyMap<string, ReadonlySet<number>>,
  note: (what: Count, event: CommittedEvent, why: string) => void,
): void {
  const seen = new Set<string>()
  for (const effect of recorded) {
    const { key, counter, after, eventId } = effect
    const skipped = !seen.has(eventId) && after < counter - 1 ? missed(applied.get(key), after, counter) : undefined
    if (skipped !== undefined) note('inverted', effect, `recorded before #${skipped}`)
    seen.add(eventId)
  }
}

function missed(applied: ReadonlySet<number> | undefined, after: number, counter: number): number | undefined {
  for (let one = after + 1; one < counter; one += 1) if (applied?.has(one)) return one
  return undefined
}

/** What a producer was told is committed and its database does not have. */
function noteForgotten(
  { committed, acknowledged = new Map() }: Ledger,
  note: (what: Count, event: CommittedEvent, why: string) => void,
): void {
  const highest = new Map<string, number>()
  for (const { key, counter } of committed) highest.set(key, Math.max(counter, highest.get(key) ?? 0))
  for (const [key, counter] of acknowledged)
    for (let one = (highest.get(key) ?? 0) + 1; one <= counter; one += 1)
      note('lost', { key, counter: one, eventId: 'unknown' }, 'acknowledged, and not in its producer’s database')
}

/** Whether nothing was lost, doubled, inverted, stuck or invented. */
export function isFlawless(verdict: LedgerVerdict): boolean {
  const { lost, duplicated, inverted, stuck, invented } = verdict
  return lost + duplicated + inverted + stuck + invented === 0
}

/** The verdict in one line; invented effects are named only when there are any. */
export function toVerdictLine({ lost, duplicated, inverted, stuck, invented }: LedgerVerdict): string {
  const line = `lost ${lost}, duplicated ${duplicated}, inverted ${inverted}, stuck ${stuck}`
  return invented === 0 ? line : `${line}, invented ${invented}`
}
