/** What is written when a person skips a step or an undo. */
import type { SagaEntry, SagaRecord } from '../store/sagas.ts'
import type { Hand, MendingEntry, Skip } from './hand.ts'
import { bodyOf, isSettling, noteOf, type Settled } from './journal.ts'
import type { LiveRun } from './live-run.ts'
import { cannotSkip, hasNoCode } from './mending-refusals.ts'
import { observe } from './observe.ts'
import { createIdleShared, type SagaPlace, shapeOf } from './saga-place.ts'
import { toText } from './values.ts'

/** Kinds that can be said to have given something. */
const skippable: ReadonlySet<string> = new Set(['step', 'tx', 'sleep', 'wait'])

/** The entry; throws when there is nothing to skip. */
export async function skipped(
  place: SagaPlace,
  record: SagaRecord,
  entries: readonly SagaEntry[],
  skip: Skip,
  hand: Hand,
): Promise<MendingEntry> {
  const { parked, failed } = noteOf(record.note)
  const isUndoing = entries.some(({ kind }) => kind === 'undoing')
  const seq = skip.seq ?? failed?.seq ?? parked?.seq
  if (seq === undefined)
    throw cannotSkip(
      record,
      'it does not say at which operation it stopped',
      'Say which: its number is in banyan saga show.',
    )
  if (isUndoing || failed?.seq === seq) return skippedUndo(record, entries, seq, hand)
  const settled = entries.find((entry) => entry.seq === seq && isSettling(entry))
  if (settled !== undefined)
    throw cannotSkip(record, `operation ${seq} has its outcome already`, 'See banyan saga show.')
  return skippedStep(place, record, entries, { ...skip, seq })
}

function skippedUndo(record: SagaRecord, entries: readonly SagaEntry[], seq: number, { by, why }: Hand): MendingEntry {
  const forward = entries.find((entry) => entry.seq === seq && isSettling(entry))
  if (entries.some((entry) => entry.seq === seq && entry.kind === 'undo'))
    throw cannotSkip(record, `the undo of operation ${seq} has its outcome already`, 'See banyan saga show.')
  const isNotDone = forward !== undefined && bodyOf<Settled>(forward).error !== undefined
  if (isNotDone && bodyOf<Settled>(forward).outcome !== 'unknown')
    throw cannotSkip(record, `operation ${seq} was not done: there is nothing to undo`, 'See banyan saga show.')
  const highest = Math.max(0, ...entries.map((entry) => entry.seq))
  // Those under way have numbers a little above: at most as many as may run at a time.
  if (forward === undefined && (seq < 1 || seq > highest + maxAhead))
    throw cannotSkip(record, `there is no operation ${seq}`, 'See banyan saga show.')
  const body = JSON.stringify({ outcome: 'skipped', why: `${by}: ${why}` })
  return { seq, kind: 'undo', name: forward?.name ?? '', body }
}

const maxAhead = 64

async function skippedStep(
  place: SagaPlace,
  record: SagaRecord,
  entries: readonly SagaEntry[],
  { seq, result }: Skip & { readonly seq: number },
): Promise<MendingEntry> {
  const run = await replayed(place, record, entries)
  const op = run.outstanding.get(seq)
  if (op === undefined) {
    const open = [...run.outstanding.values()].map((one) => `${one.seq} ${one.kind} '${one.name}'`)
    const hint = open.length === 0 ? 'Nothing of it is open.' : `Open are: ${open.join(', ')}.`
    throw cannotSkip(record, `operation ${seq} is not open`, hint)
  }
  const { kind, name } = op
  if (!skippable.has(kind))
    throw cannotSkip(
      record,
      `operation ${seq} is a ${kind}, which cannot be skipped`,
      'Steps, transactions, sleeps and waits can.',
    )
  const text = toText(result, 'the result')
  return { seq, kind, name, body: text === undefined ? '{}' : `{"ok":${text}}` }
}

async function replayed(place: SagaPlace, record: SagaRecord, entries: readonly SagaEntry[]): Promise<LiveRun> {
  const shape = shapeOf(place, record)
  if (shape === undefined) throw hasNoCode(record)
  const { run, fault } = await observe(createIdleShared(place), shape, record, entries)
  if (fault !== undefined) throw fault
  return run
}
