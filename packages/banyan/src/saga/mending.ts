/**
 * What a person does about one run: have it go on, skip what fails, have it undone. Each is one commit: the entry that says who and why,
 * what follows from it, and a new epoch. So whoever had the run in hands can write nothing any more; what it was just doing outside
 * is done again under the same key, or undone as something whose outcome is unknown.
 */
import { BanyanError, toErrorDocument } from '../core/error.ts'
import { isSagaEnd } from '../store/saga-rules.ts'
import type { SagaEntry, SagaRecord, SagaState } from '../store/sagas.ts'
import type { Hand, MendedRun, MendingEntry, Skip } from './hand.ts'
import { type Mended, noteOf, toCancel } from './journal.ts'
import {
  assertHand,
  goesOn,
  hasEnded,
  isParked,
  isPastReturn,
  isUndoingAlready,
  keepsChanging,
  maxLooks,
} from './mending-refusals.ts'
import { readJournal } from './observe.ts'
import { sagaCancelled } from './refusals.ts'
import { findRun, type SagaPlace } from './saga-place.ts'
import { skipped } from './skipping.ts'

/** What is done to a run that stands like this; throws when it makes no sense. */
export type Mending = (
  record: SagaRecord,
  entries: readonly SagaEntry[],
) => Promise<{ readonly entries: readonly MendingEntry[]; readonly to: 'running' | 'undoing'; readonly seq: number }>

/**
 * Lets a parked run go on where it was, or one that waits for its next attempt try at once: attempts are counted from the beginning. One
 * in the hands of a host is taken out of them. Rejects with SAGA_ENDED, or SAGA_GOES_ON when it only waits for its time or for something to come.
 */
export function retrySaga(place: SagaPlace, which: string, hand: Hand): Promise<MendedRun> {
  return mend(place, which, 'retry', hand, async (record, entries) => {
    const { retries = {} } = noteOf(record.note)
    const isDue = record.dueMs !== undefined && record.dueMs <= (await place.sagas.now())
    if (record.state !== 'parked' && record.holder === undefined && Object.keys(retries).length === 0 && !isDue)
      throw goesOn(record, record.dueMs === undefined ? 'waits for something to come' : 'waits for its time')
    return { entries: [], to: stateOf(entries), seq: 0 }
  })
}

/**
 * Lets a run go on as if a step had been done and had given this result; or, while it is being undone, without undoing an
 * operation. Rejects with SAGA_ENDED, CANNOT_SKIP, or NO_CODE when the operation cannot be known.
 */
export function skipOperation(place: SagaPlace, which: string, skip: Skip, hand: Hand): Promise<MendedRun> {
  return mend(place, which, 'skip', hand, async (record, entries) => {
    const entry = await skipped(place, record, entries, skip, hand)
    return { entries: [entry], to: stateOf(entries), seq: entry.seq }
  })
}

/**
 * Begins to undo a run that is before its point of no return: one that runs, is parked, or has completed (as long as it is kept). Rejects with
 * PAST_NO_RETURN, SAGA_UNDOING, or SAGA_ENDED.
 */
export function compensateSaga(place: SagaPlace, which: string, hand: Hand): Promise<MendedRun> {
  return mend(
    place,
    which,
    'compensate',
    hand,
    async (record, entries) => {
      assertBeforeReturn(record, entries)
      const reason = toErrorDocument(sagaCancelled(hand.by, hand.why))
      const undoing = { seq: 0, kind: 'undoing', name: 'SAGA_CANCELLED', body: JSON.stringify({ reason }) }
      return { entries: [undoing], to: 'undoing', seq: 0 }
    },
    (state) => state === 'completed',
  )
}

function assertBeforeReturn(record: SagaRecord, entries: readonly SagaEntry[]): void {
  if (entries.some(({ kind }) => kind === 'undoing')) throw isUndoingAlready(record)
  if (entries.some(({ kind }) => kind === 'point')) throw isPastReturn(record)
}

/**
 * Asks a run to be undone, by a message: it stops at the next point where it looks, and not in the middle of anything. Rejects with SAGA_ENDED,
 * PAST_NO_RETURN, SAGA_UNDOING, or SAGA_PARKED.
 */
export async function cancelSaga(place: SagaPlace, which: string, hand: Hand): Promise<MendedRun> {
  assertHand(hand)
  const record = await findRun(place, which)
  if (isSagaEnd(record.state)) throw hasEnded(record)
  assertBeforeReturn(record, await readJournal(place.sagas, record.id))
  if (record.state === 'parked') throw isParked(record)
  const id = place.environment.random.uuidv7()
  const sent = await place.sagas.send(record.id, toCancel(id, hand.by, hand.why))
  if (sent === 'ended') throw hasEnded(await findRun(place, record.id))
  const { name, key, state } = record
  return { id: record.id, name, key, state }
}

/** Where a run goes on. */
function stateOf(entries: readonly SagaEntry[]): 'running' | 'undoing' {
  return entries.some(({ kind }) => kind === 'undoing') ? 'undoing' : 'running'
}

/** Looks at the run, decides, and writes if it has not gone on meanwhile. */
async function mend(
  place: SagaPlace,
  which: string,
  action: Mended['action'],
  hand: Hand,
  mending: Mending,
  mayHaveEnded: (state: SagaState) => boolean = () => false,
): Promise<MendedRun> {
  assertHand(hand)
  const { sagas } = place
  for (let looks = 0; ; looks++) {
    const record = await findRun(place, which)
    if (isSagaEnd(record.state) && !mayHaveEnded(record.state)) throw hasEnded(record)
    const entries = await readJournal(sagas, record.id)
    const { to, seq, entries: more } = await mending(record, entries)
    const { holder } = record
    const body: Mended = { action, ...hand, ...(holder !== undefined && { takenFrom: holder }) }
    const done = { seq, kind: 'mended', name: action, body: JSON.stringify(body) }
    const atMs = Math.max(Math.floor(await sagas.now()), entries.at(-1)?.atMs ?? 0)
    // Who and why stand before what follows from it.
    const written = [done, ...more].map((entry) => ({ ...entry, atMs }))
    const mended = await writeUnlessEnded(place, record, entries.length, written, to)
    if (mended !== undefined) {
      const { id, name, key, state } = mended
      return { id, name, key, state, ...(holder !== undefined && { takenFrom: holder }) }
    }
    if (looks >= maxLooks) throw keepsChanging(record)
  }
}

/** It may end between the look and the write: then it is said in our words. */
async function writeUnlessEnded(
  { sagas }: SagaPlace,
  record: SagaRecord,
  length: number,
  entries: readonly Omit<SagaEntry, 'n'>[],
  to: 'running' | 'undoing',
): Promise<SagaRecord | undefined> {
  try {
    return await sagas.mend(record.id, length, entries, to)
  } catch (error) {
    if (!(error instanceof BanyanError) || error.reason !== 'SAGA_ENDED') throw error
    throw hasEnded((await sagas.find(record.id)) ?? record)
  }
}
