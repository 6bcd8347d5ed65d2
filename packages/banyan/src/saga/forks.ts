/**
 * A new run from an operation of another one: it has its outcomes up to there, and does everything else anew. What was done
 * belongs to both then: the other run is not changed, so it should have ended or be parked.
 */
import type { NewSaga, SagaEntry, SagaRecord } from '../store/sagas.ts'
import type { Hand, MendedRun } from './hand.ts'
import { isSettling, type Mended, type Origin, originOf } from './journal.ts'
import { assertHand, cannotFork, hasNoCode } from './mending-refusals.ts'
import { observe, readJournal } from './observe.ts'
import { createIdleShared, findRun, type SagaPlace, shapeOf } from './saga-place.ts'

/** How a run is forked. */
export interface Fork {
  /** The first operation that is done anew, from 1. */
  readonly from: number
  /** Of the new run; default `<key>.fork.<number>` by the time. */
  readonly key?: string
  /** Another version of the code, for a journal that was written by an older one. */
  readonly version?: number
}

/** What a fork has made. */
export interface ForkedRun extends MendedRun {
  /** The run whose journal it has. */
  readonly from: string
  /** Entries that came along. */
  readonly entries: number
}

/**
 * Starts a new run from an operation of a run. It has the same input, and is found by events under the key of the first one, too. Rejects with
 * NO_SUCH_SAGA, CANNOT_FORK (the run goes on; what it has done up to there is undone; the code does other things), ALREADY_EXISTS.
 */
export async function forkSaga(place: SagaPlace, which: string, fork: Fork, hand: Hand): Promise<ForkedRun> {
  assertHand(hand)
  const record = await findRun(place, which)
  if (record.state === 'running' || record.state === 'undoing')
    throw cannotFork(record, 'it goes on', 'Cancel it, or let it end: both would do what comes next.')
  const entries = await readJournal(place.sagas, record.id)
  const kept = toKept(record, entries, fork.from)
  const nowMs = Math.floor(await place.sagas.now())
  const made = toNewRun(place, record, fork, nowMs)
  const journal = toJournal(record, entries, kept, hand, fork.from, nowMs)
  await assertFits(place, record, made, journal, fork.from)
  const { id, name, key, state } = await place.sagas.insert(made, journal, 'running')
  return { id, name, key, state, from: record.id, entries: kept.length }
}

/** Outcomes of the operations before the first that is done anew; and what stands between them. */
function toKept(record: SagaRecord, entries: readonly SagaEntry[], from: number): readonly SagaEntry[] {
  const highest = Math.max(0, ...entries.filter(isSettling).map(({ seq }) => seq))
  if (!Number.isInteger(from) || from < 1 || from > highest + 1)
    throw cannotFork(record, `there is no operation ${from}`, `Give a number from 1 to ${highest + 1}.`)
  const firstCut = entries.findIndex((entry) => entry.kind === 'undoing' || (isSettling(entry) && entry.seq >= from))
  const whole = firstCut < 0 ? entries : entries.slice(0, firstCut)
  const kept = entries.filter((entry) => isSettling(entry) && entry.seq < from)
  const beside = whole.filter(({ kind }) => kind === 'answer' || kind === 'undo')
  assertNotUndone(record, entries, kept, beside)
  return [...kept, ...beside].sort((one, other) => one.n - other.n)
}

/** What was taken back is not done any more. */
function assertNotUndone(
  record: SagaRecord,
  entries: readonly SagaEntry[],
  kept: readonly SagaEntry[],
  beside: readonly SagaEntry[],
): void {
  const undone = entries.filter((entry) => entry.kind === 'undo' && !beside.includes(entry)).map(({ seq }) => seq)
  const lost = kept.filter(({ seq }) => undone.includes(seq)).sort((one, other) => one.seq - other.seq)[0]
  if (lost === undefined) return
  const message = `operation ${lost.seq} '${lost.name}' has been undone`
  throw cannotFork(record, message, `Fork from ${lost.seq} or before it.`)
}

function toNewRun(place: SagaPlace, record: SagaRecord, fork: Fork, nowMs: number): NewSaga {
  const { name, version, key, input, priority, startedMs, deadlineMs, startedBy } = record
  return {
    id: place.environment.random.uuidv7(),
    name,
    version: fork.version ?? version,
    key: fork.key ?? `${key}.fork.${nowMs.toString(36)}`,
    run: 1,
    input,
    priority,
    timeoutMs: deadlineMs === undefined ? undefined : deadlineMs - startedMs,
    correlations: [key],
    parent: undefined,
    traceparent: undefined,
    // The function may ask for it; who has forked it stands in the journal.
    startedBy,
  }
}

function toJournal(
  record: SagaRecord,
  entries: readonly SagaEntry[],
  kept: readonly SagaEntry[],
  { by, why }: Hand,
  from: number,
  nowMs: number,
): readonly SagaEntry[] {
  const outcomes = kept.filter(isSettling)
  const body: Mended = { action: 'fork', by, why, origin: toOrigin(record, entries, outcomes.length) }
  const done = { seq: from, kind: 'mended', name: 'fork', atMs: nowMs, body: JSON.stringify(body) }
  // Time goes on from the fork: what is waited for next is counted from now.
  const last = outcomes.at(-1)
  const copied = kept.map((entry) => (entry === last ? { ...entry, atMs: nowMs } : entry))
  return [done, ...copied].map((entry, index) => ({ ...entry, n: index + 1 }))
}

/** Nothing came along: everything is of the new run but the key. */
function toOrigin(record: SagaRecord, entries: readonly SagaEntry[], outcomes: number): Origin {
  const before = originOf(entries)
  const key = before?.key ?? record.key
  let left = outcomes
  const parts = [...(before?.ids ?? []), { id: record.id, outcomes: Number.POSITIVE_INFINITY }]
  const ids = parts.flatMap((part) => {
    const own = Math.min(part.outcomes, left)
    left -= own
    return own > 0 ? [{ id: part.id, outcomes: own }] : []
  })
  const startedMs = outcomes === 0 ? undefined : (before?.startedMs ?? record.startedMs)
  return { id: record.id, key, ids, ...(startedMs !== undefined && { startedMs }) }
}

/** The code must go along with what it is given; and what is not settled before the fork must not be bound to the other run. */
async function assertFits(
  place: SagaPlace,
  record: SagaRecord,
  made: NewSaga,
  journal: readonly SagaEntry[],
  from: number,
): Promise<void> {
  const shape = shapeOf(place, made)
  if (shape === undefined) {
    if (made.version !== record.version) throw hasNoCode(made)
    return
  }
  const row = { ...record, ...made, note: '', length: journal.length }
  const { run, fault } = await observe(createIdleShared(place), shape, row, journal)
  if (fault !== undefined)
    throw cannotFork(record, fault.message, 'Fork from an earlier operation, or with the version it was written by.')
  const before = [...run.outstanding.values()].find(({ kind, seq }) => kind === 'child' && seq < from)
  if (before === undefined) return
  throw cannotFork(
    record,
    `operation ${before.seq} is a child that had not ended`,
    `Fork from ${before.seq} or before it.`,
  )
}
