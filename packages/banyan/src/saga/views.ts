/** Looks at one run: reads what is stored, replays it without doing anything when the code is at hand, and hides what is secret. */
import type { ErrorDocument } from '../core/error.ts'
import { isSagaEnd } from '../store/saga-rules.ts'
import type { SagaEntry, SagaLock, SagaMessage, SagaRecord } from '../store/sagas.ts'
import { type FlowView, viewFlow } from './flow-view.ts'
import { bodyOf, type Mended, noteOf, type Undoing } from './journal.ts'
import { observe, readJournal } from './observe.ts'
import type { SagaRun } from './run.ts'
import { createIdleShared, findRun, type SagaPlace, shapeOf } from './saga-place.ts'
import type { HandView, LockView, RunView } from './view.ts'
import { createHiding, type Hiding, showAll, showNone } from './view-hiding.ts'
import { toIso, toOperations } from './view-operations.ts'

/** Locks that are looked through to find those of a run. */
const maxLocksRead = 10_000

/** What a look has found. */
interface Looked {
  readonly record: SagaRecord
  readonly entries: readonly SagaEntry[]
  readonly messages: readonly SagaMessage[]
  readonly locks: readonly SagaLock[]
  /** The replay; undefined without the code. */
  readonly run: SagaRun | undefined
  readonly fault: string | undefined
  /** Of one that watches a choreographed flow. */
  readonly flow: FlowView | undefined
}

/** One run by id or `<saga>/<key>`. With `secrets`, nothing is hidden. */
export async function viewSaga(
  place: SagaPlace,
  which: string,
  options: { readonly secrets?: boolean } = {},
): Promise<RunView> {
  const looked = await look(place, which)
  const hiding = hidingFor(place, looked.record, looked.entries, options.secrets === true)
  return toView(place.service, looked, hiding)
}

async function look(place: SagaPlace, which: string): Promise<Looked> {
  const record = await findRun(place, which)
  const { sagas } = place
  const [entries, messages, locks] = await Promise.all([
    readJournal(sagas, record.id),
    sagas.messages(record.id, 0),
    sagas.locks(maxLocksRead),
  ])
  const shape = shapeOf(place, record)
  if (shape === undefined)
    return { record, entries, messages, locks, run: undefined, fault: undefined, flow: undefined }
  const flow = shape.flow === undefined ? undefined : viewFlow(shape.flow, record, entries, await sagas.now())
  const { run, fault } = await observe(createIdleShared(place), shape, record, entries)
  return { record, entries, messages, locks, run, fault: fault?.message, flow }
}

/** What may be shown of a run to whoever looks. */
export function hidingFor(
  place: SagaPlace,
  record: SagaRecord,
  entries: readonly SagaEntry[],
  secrets: boolean,
): Hiding {
  if (secrets) return showAll
  const shape = shapeOf(place, record)
  if (shape === undefined || place.code === undefined) return showNone
  return createHiding(shape, place.code.operations, JSON.parse(record.input), entries)
}

function toView(service: string, looked: Looked, hiding: Hiding): RunView {
  const { record, entries, messages, run, fault } = looked
  const { id, name, version, key, run: number, state, priority, startedBy, startedMs, changedMs, parent } = record
  const { waits = [], parked } = noteOf(record.note)
  return {
    service,
    ...{ id, name, version, key, run: number, state },
    means: meaningOf(record, entries),
    ...{ priority, startedBy, startedAt: toIso(startedMs), changedAt: toIso(changedMs) },
    ...timesOf(record),
    ...(record.holder !== undefined && { holder: record.holder }),
    waitsFor: isSagaEnd(state) || record.holder !== undefined ? [] : waits,
    ...(parked !== undefined && { parked: { ...parked, message: hiding.text(parked.message) } }),
    input: hiding.input(JSON.parse(record.input)),
    ...(record.outcome !== undefined && { outcome: toOutcome(record.outcome, hiding) }),
    isPastNoReturn: entries.some(({ kind }) => kind === 'point'),
    ...undoingOf(entries, hiding),
    operations: toOperations({ record, entries, frontier: run, hiding }),
    frontier: run === undefined ? 'no code' : fault === undefined ? 'known' : 'differs',
    ...(fault !== undefined && { fault: hiding.text(fault) }),
    unread: messages.map(({ kind, name: what, key: by, atMs }) => ({ kind, name: what, key: by, at: toIso(atMs) })),
    locks: locksOf(looked),
    ...(parent !== undefined && { parent }),
    children: childrenOf(entries, run),
    ...(record.next !== undefined && { next: record.next }),
    ...(looked.flow !== undefined && { flow: looked.flow }),
    byHand: entries.filter(({ kind }) => kind === 'mended').map(toHand),
  }
}

function undoingOf(entries: readonly SagaEntry[], hiding: Hiding): Pick<RunView, 'undoing'> {
  const entry = entries.find(({ kind }) => kind === 'undoing')
  if (entry === undefined) return {}
  return { undoing: { at: toIso(entry.atMs), error: hiding.error(bodyOf<Undoing>(entry).reason) } }
}

function timesOf({ deadlineMs, endedMs, dueMs }: SagaRecord): Pick<RunView, 'deadlineAt' | 'endedAt' | 'dueAt'> {
  return {
    ...(deadlineMs !== undefined && { deadlineAt: toIso(deadlineMs) }),
    ...(endedMs !== undefined && { endedAt: toIso(endedMs) }),
    ...(dueMs !== undefined && { dueAt: toIso(dueMs) }),
  }
}

function meaningOf({ state, holder, dueMs, next }: SagaRecord, entries: readonly SagaEntry[]): string {
  if (state === 'completed') return 'it has ended well'
  if (state === 'undone') return 'it has ended, and what it had done is undone'
  if (state === 'continued') return `it goes on as ${next ?? 'another run'}`
  const isUndoing = entries.some(({ kind }) => kind === 'undoing')
  const what = isUndoing ? 'being undone' : 'going on'
  if (state === 'parked') return `a person has to decide: it stopped while it was ${what}`
  if (holder !== undefined) return `it is ${what}, at ${holder}`
  if (dueMs === undefined) return `it is ${what}, and waits for something to come`
  return `it is ${what}, and waits until it is due or something comes`
}

function toOutcome(text: string, hiding: Hiding): unknown {
  const { ok, error } = JSON.parse(text) as { readonly ok?: unknown; readonly error?: ErrorDocument }
  if (error !== undefined) return { error: hiding.error(error) }
  return ok === undefined ? {} : { ok: hiding.output('step', '', ok) }
}

function locksOf({ locks, record }: Looked): readonly LockView[] {
  return locks.flatMap(({ kind, key, owner, ownerName, sinceMs, waiting }): readonly LockView[] => {
    const mine = waiting.find(({ id }) => id === record.id)
    const lock = { kind, key, waiting: waiting.length }
    if (owner === record.id) return [{ ...lock, stands: 'held', since: toIso(sinceMs) }]
    if (mine === undefined) return []
    return [{ ...lock, stands: 'waiting', since: toIso(mine.sinceMs), heldBy: `${ownerName} (${owner})` }]
  })
}

function childrenOf(entries: readonly SagaEntry[], run: SagaRun | undefined): RunView['children'] {
  const ended = entries.flatMap((entry) => {
    const id = entry.kind === 'child' ? bodyOf<{ ok?: { id?: string } }>(entry).ok?.id : undefined
    return id === undefined ? [] : [{ id, name: entry.name, seq: entry.seq }]
  })
  const known = (run?.undos ?? []).flatMap(({ undo, name, seq }) =>
    undo.by === 'child' ? [{ id: undo.childId, name, seq }] : [],
  )
  return [...new Map([...ended, ...known].map((child) => [child.seq, child])).values()]
}

function toHand({ atMs, seq, body }: SagaEntry): HandView {
  const { action, by, why, takenFrom, origin } = JSON.parse(body) as Mended
  return {
    at: toIso(atMs),
    ...{ action, by, why },
    ...(seq > 0 && { seq }),
    ...(takenFrom !== undefined && { takenFrom }),
    ...(origin !== undefined && { from: origin.id }),
  }
}
