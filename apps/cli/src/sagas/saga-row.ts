/** A run in a list: where it stands and what it waits for, without contents. */
import { lateSince } from 'banyan/saga'
import type { SagaSummary } from 'banyan/store'

/** See the top of the file. */
export interface SagaRow {
  readonly service: string
  readonly id: string
  readonly name: string
  readonly version: number
  readonly key: string
  readonly run: number
  readonly state: string
  readonly startedAt: string
  readonly changedAt: string
  readonly endedAt?: string
  readonly dueAt?: string
  readonly deadlineAt?: string
  readonly holder?: string
  /** Since it last changed, in milliseconds. */
  readonly quietMs: number
  readonly entries: number
  readonly waitsFor: readonly string[]
  /** Of one that watches a choreographed flow: since when something is missing that should have come. */
  readonly lateSince?: string
  /** Why it is parked, and at which operation. */
  readonly parked?: { readonly reason: string; readonly seq?: number }
  readonly next?: string
}

interface Note {
  readonly waits?: readonly string[]
  readonly parked?: { readonly reason: string; readonly seq?: number }
}

const iso = (ms: number): string => new Date(ms).toISOString()

const readNote = ({ note }: Pick<SagaSummary, 'note'>): Note => (note === '' ? {} : (JSON.parse(note) as Note))

/** What a run says that it waits for. */
export const waitsOf = (saga: Pick<SagaSummary, 'note'>): readonly string[] => readNote(saga).waits ?? []

export function toSagaRow(service: string, saga: SagaSummary, nowMs: number): SagaRow {
  const { id, name, version, key, run, state, startedMs, changedMs, endedMs, dueMs, deadlineMs, holder, next } = saga
  const { waits = [], parked } = readNote(saga)
  const late = state === 'running' ? lateSince(waits) : undefined
  return {
    ...{ service, id, name, version, key, run, state },
    startedAt: iso(startedMs),
    changedAt: iso(changedMs),
    ...(endedMs === undefined ? {} : { endedAt: iso(endedMs) }),
    ...(dueMs === undefined ? {} : { dueAt: iso(dueMs) }),
    ...(deadlineMs === undefined ? {} : { deadlineAt: iso(deadlineMs) }),
    ...(holder === undefined ? {} : { holder }),
    quietMs: Math.max(0, nowMs - changedMs),
    entries: saga.length,
    waitsFor: waits,
    ...(late === undefined ? {} : { lateSince: late }),
    ...(parked === undefined ? {} : { parked: pickParked(parked) }),
    ...(next === undefined ? {} : { next }),
  }
}

/** Its message may hold what schemas hide. */
function pickParked({ reason, seq }: NonNullable<Note['parked']>): NonNullable<SagaRow['parked']> {
  return { reason, ...(seq === undefined ? {} : { seq }) }
}
