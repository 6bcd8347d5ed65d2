/**
 * What the log on NATS says and does about what it keeps. Who reads, what lies where and where counting began are entries of the
 * bucket; what may go is decided as for every log (planRetention), and goes from the beginning on (drop.ts), so a stream always holds
 * a range.
 *
 * One thing is the stream's alone: the position of the relay travels in its messages (relay/tail.ts), and the entry of the relay
 * has only a copy. So nothing goes behind which that copy does not stand.
 */
import {
  type AuditBaseline,
  type LogKeeping,
  type LogReader,
  planRetention,
  type RetainOptions,
  type RetentionPlan,
  rollAfterMs,
  type SourceFacts,
} from 'banyan/bus'
import { apiCodes, isApiError } from '../connection/errors.ts'
import type { Link } from '../connection/link.ts'
import type { Names } from '../names.ts'
import { catchUp } from '../relay/catch-up.ts'
import { positionOf, type RelayRecords } from '../relay/record.ts'
import { createServerClock } from '../relay/server-clock.ts'
import { type Position, Tail } from '../relay/tail.ts'
import { createBucket } from './bucket.ts'
import { createCounting } from './counting.ts'
import { dropUpTo } from './drop.ts'
import { createLookups } from './lookups.ts'
import { createReadersRegister } from './readers-register.ts'

/** What keeping is made of. */
export interface KeepingParts {
  readonly link: Link
  readonly names: Names
  readonly records: RelayRecords
  /** How far tests have moved the clock. */
  readonly shiftMs: () => number
  /** Brings the entry of the relay up to date, where this process appends. */
  readonly keepPosition: (source: string) => Promise<void>
}

/** A look may fall into the middle of an append; then it is repeated so often. */
const maxLooks = 3

/** A baseline is for one way of counting. */
interface StoredBaseline extends AuditBaseline {
  readonly from: number
}

export function createNatsKeeping({ link, names, records, shiftMs, keepPosition }: KeepingParts): LogKeeping {
  const bucket = createBucket(link, names)
  const counting = createCounting(link, names, bucket)
  // Asked afresh each time: it is asked once a minute.
  const asked = createServerClock(link, names, 0)
  const clock = { now: async (): Promise<number> => (await asked.now()) + shiftMs() }
  const register = createReadersRegister(bucket, names, clock)

  /** Where the relay is, and whether that is all that can be said of what lies there. */
  async function look(source: string): Promise<Position & { readonly exact: boolean }> {
    for (let looks = 1; ; looks++) {
      const tail = new Tail(positionOf((await records.read(source)).record))
      await catchUp(link, names.stream(source), tail, () => tail.tell())
      if (tail.isExact || looks === maxLooks) return { exact: tail.isExact, ...tail.tell() }
    }
  }
  async function facts(source: string): Promise<SourceFacts> {
    const { cursor, scan: end, exact } = await look(source)
    const index = await counting.index(source, end)
    const { state } = await link.run('none', () => link.jsm.streams.info(names.stream(source)))
    const start = state.messages === 0 ? end + 1 : Math.min(end + 1, Math.max(1, state.first_seq))
    // A count that has not come so far, or has gone on, is of no use to whoever compares.
    const counted = exact && index.scanned === end
    const baseline = toBaseline((await bucket.read(names.baseline(source))).value, index.from)
    return { source, start, end, cursor: counted ? cursor : undefined, baseline, foreign: index.foreign }
  }
  async function plan(source: string, options: RetainOptions, readers: readonly LogReader[]): Promise<RetentionPlan> {
    await keepPosition(source)
    const covered = (await records.read(source)).record.scan
    const nowMs = await clock.now()
    const index = await counting.index(source, covered, (found) => found.roll(rollAfterMs(source, options), nowMs))
    return planRetention(source, index.closed(covered, nowMs), readers, options)
  }
  async function retainOne(source: string, options: RetainOptions): Promise<RetentionPlan> {
    const found = await register.find(source)
    const { drop, pinned } = await plan(source, options, found.readers)
    const last = drop.at(-1)?.last
    if (last === undefined) {
      await register.note(found, pinned)
      return { drop, pinned }
    }
    // Somebody told something meanwhile, or we were told an old state: the next round decides anew.
    if (!(await register.confirm(found, pinned))) return { drop: [], pinned }
    const dropped = await dropUpTo(link, names.stream(source), last)
    return { drop: drop.filter((segment) => segment.last <= dropped), pinned }
  }

  return {
    source: (source) => orNone(facts(source), undefined),
    ...createLookups(link, names, counting),
    report: register.report,
    readers: register.list,
    forget: register.forget,
    async retain(options) {
      const sources = options.sources ?? (await bucket.list(names.entries)).map(names.sourceOfEntry)
      const plans: RetentionPlan[] = []
      for (const source of sources) plans.push(await orNone(retainOne(source, options), { drop: [], pinned: [] }))
      const dropped = plans.flatMap(({ drop }) => drop)
      const events = dropped.reduce((sum, { first, last }) => sum + last - first + 1, 0)
      return { segments: dropped.length, events, pinned: plans.flatMap(({ pinned }) => pinned), held: 0 }
    },
    async setBaseline(source, baseline) {
      const { from } = await counting.index(source, 0)
      await bucket.overwrite(names.baseline(source), { ...baseline, from } satisfies StoredBaseline)
    },
  }
}

/** What holds for a source that has no stream. */
async function orNone<Result, None>(work: Promise<Result>, none: None): Promise<Result | None> {
  try {
    return await work
  } catch (error) {
    if (isApiError(error, apiCodes.streamNotFound)) return none
    throw error
  }
}

function toBaseline(value: unknown, countedFrom: number): AuditBaseline | undefined {
  const { cluster, ahead, since, from } = (value ?? {}) as Partial<StoredBaseline>
  const isOne = typeof cluster === 'string' && typeof ahead === 'number' && typeof since === 'number'
  return isOne && from === countedFrom ? { cluster, ahead, since } : undefined
}
