/**
 * Replays what is stored against the code, before a deploy: which runs that have not ended would stop, and for which there is no code
 * any more. Nothing is done and nothing is written.
 */
import { isBanyanError } from '../core/error.ts'
import type { SagaState, SagaSummary } from '../store/sagas.ts'
import { observe, readJournal } from './observe.ts'
import { createIdleShared, hasCode, type SagaPlace, shapeOf } from './saga-place.ts'

/** How much is replayed. */
export interface CheckOptions {
  /** Only this saga. */
  readonly name?: string
  /** Runs that are replayed. Default 1 000. */
  readonly limit?: number
  /** Which of them, when there are more. Default 'newest'. */
  readonly order?: 'newest' | 'oldest'
}

/** A run that would stop. */
export interface BrokenRun {
  readonly id: string
  readonly name: string
  readonly version: number
  readonly key: string
  readonly state: SagaState
  readonly reason: string
  /** With both sequences when they differ. */
  readonly message: string
}

/** Runs that nobody could go on with. */
export interface RunsWithoutCode {
  readonly name: string
  readonly version: number
  readonly runs: number
}

/** What a check has found. */
export interface SagaCheck {
  readonly service: string
  /** Runs that were replayed. */
  readonly checked: number
  /** Runs that have not ended and were not replayed: there is no code, or there were more than the limit. */
  readonly unchecked: number
  /** At most {@link maxBroken}. */
  readonly broken: readonly BrokenRun[]
  readonly brokenRuns: number
  readonly withoutCode: readonly RunsWithoutCode[]
}

/** Runs that would stop of which is told one by one. */
export const maxBroken = 100
/** Runs replayed when nothing is said. */
export const defaultChecked = 1_000
const pageSize = 200
/** Journals that are read at a time. */
const parallel = 8
/** Runs looked through for the oldest. */
const maxListed = 1_000_000
const living: readonly SagaState[] = ['running', 'undoing', 'parked']

/** See the top of the file. */
export async function checkSagas(place: SagaPlace, options: CheckOptions = {}): Promise<SagaCheck> {
  const { name, limit = defaultChecked, order = 'newest' } = options
  const counts = (await place.sagas.counts()).counts.filter((one) => name === undefined || one.name === name)
  const withoutCode = toWithoutCode(place, counts)
  const broken: BrokenRun[] = []
  let [checked, brokenRuns] = [0, 0]
  for await (const runs of order === 'newest' ? newest(place, name, limit) : oldest(place, name, limit)) {
    for (let at = 0; at < runs.length; at += parallel) {
      const found = await Promise.all(runs.slice(at, at + parallel).map((run) => checkRun(place, run)))
      checked += found.filter((one) => one !== 'ended').length
      for (const one of found) {
        if (typeof one !== 'object') continue
        brokenRuns += 1
        if (broken.length < maxBroken) broken.push(one)
      }
    }
  }
  const alive = counts.reduce((sum, { held, waiting, due }) => sum + held + waiting + due, 0)
  const { service } = place
  return { service, checked, unchecked: Math.max(0, alive - checked), broken, brokenRuns, withoutCode }
}

function toWithoutCode(
  place: SagaPlace,
  counts: readonly (Omit<RunsWithoutCode, 'runs'> & { held: number; waiting: number; due: number })[],
): readonly RunsWithoutCode[] {
  const without = new Map<string, RunsWithoutCode>()
  for (const { name, version, held, waiting, due } of counts) {
    if (hasCode(place, { name, version })) continue
    const of = `${name}@${version}`
    without.set(of, { name, version, runs: (without.get(of)?.runs ?? 0) + held + waiting + due })
  }
  return [...without.values()]
}

/** Pages of runs that there is code for. */
async function* newest(
  place: SagaPlace,
  name: string | undefined,
  limit: number,
): AsyncGenerator<readonly SagaSummary[]> {
  let left = limit
  for await (const page of pages(place, name)) {
    const runs = page.slice(0, left)
    left -= runs.length
    yield runs
    if (left <= 0) return
  }
}

async function* oldest(
  place: SagaPlace,
  name: string | undefined,
  limit: number,
): AsyncGenerator<readonly SagaSummary[]> {
  let last: SagaSummary[] = []
  for await (const page of pages(place, name)) last = [...last, ...page].slice(-limit)
  for (let at = 0; at < last.length; at += pageSize) yield last.slice(at, at + pageSize)
}

async function* pages(place: SagaPlace, name: string | undefined): AsyncGenerator<readonly SagaSummary[]> {
  let before: string | undefined
  for (let listed = 0; listed < maxListed; ) {
    const filter = { states: living, limit: pageSize, ...(name !== undefined && { name }) }
    const page = await place.sagas.list({ ...filter, ...(before !== undefined && { before }) })
    yield page.sagas.filter((run) => hasCode(place, run))
    listed += page.sagas.length
    if (page.next === undefined) return
    before = page.next
  }
}

/** How a run would do; `ended` when it has ended meanwhile. */
async function checkRun(
  place: SagaPlace,
  { id, name, version, key }: SagaSummary,
): Promise<BrokenRun | 'fine' | 'ended'> {
  const shape = shapeOf(place, { name, version })
  const record = await place.sagas.find(id)
  if (record === undefined || shape === undefined || !living.includes(record.state)) return 'ended'
  try {
    const entries = await readJournal(place.sagas, id)
    const { fault } = await observe(createIdleShared(place), shape, record, entries)
    if (fault === undefined) return 'fine'
    return { id, name, version, key, state: record.state, reason: fault.reason ?? fault.code, message: fault.message }
  } catch (error) {
    if (isBanyanError(error)) throw error
    const message = `its journal cannot be read: ${error instanceof Error ? error.message : String(error)}`
    return { id, name, version, key, state: record.state, reason: 'BAD_JOURNAL', message }
  }
}
