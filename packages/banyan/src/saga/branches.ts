/**
 * Branches of a run. They share its journal and have turns like everything else, so they begin the same operations in the same order
 * at every replay. A branch that is told to stop hears of it as of a failure of what it waits for; what it begins then is refused.
 */
import { isBanyanError } from '../core/error.ts'
import type { LiveRun } from './live-run.ts'
import { letGo } from './locks.ts'
import { type Branch, isWithin, openBranch, type UndoRecord } from './operation.ts'
import { isDefect } from './refusals.ts'
import { never } from './run-shared.ts'
import { undoAll } from './undoing.ts'

/** A branch as the function gives it. */
export type Opening = (saga: object) => Promise<unknown>

/** What came of a branch. */
type End = { readonly index: number; readonly value: unknown } | { readonly index: number; readonly error: unknown }

interface Opened {
  readonly branches: readonly Branch[]
  readonly ends: readonly Promise<End>[]
}

function openAll(run: LiveRun, parent: Branch, openings: readonly Opening[]): Opened {
  const branches = openings.map(() => openBranch(parent))
  const ends = openings.map(async (open, index): Promise<End> => {
    try {
      return { index, value: await open(run.faceOf(branches[index] as Branch)) }
    } catch (error) {
      if (isBanyanError(error) && !isDefect(error)) return { index, error }
      // A mistake of the code: nobody is told to stop for it, so that all goes on as it was once it is mended.
      run.fault(error)
      return never()
    }
  })
  return { branches, ends }
}

/** See `Saga.all`: the first failure, in the order in which they happened, tells the others to stop. */
export async function all(run: LiveRun, parent: Branch, openings: readonly Opening[]): Promise<unknown> {
  const { branches, ends } = openAll(run, parent, openings)
  let failure: { readonly error: unknown } | undefined
  const values = await Promise.all(
    ends.map(async (one) => {
      const end = await one
      if ('value' in end) return end.value
      // After the point of no return what was begun is done.
      if (failure === undefined && !run.isPast) run.stopBranches(without(branches, end.index), 'failed')
      failure ??= end
      return undefined
    }),
  )
  if (failure !== undefined) throw failure.error
  return values
}

const without = (branches: readonly Branch[], index: number): readonly Branch[] =>
  branches.filter((_, place) => place !== index)

/** See `Saga.race`: the others are stopped and what they have done is undone before the first is given. */
export async function race(run: LiveRun, parent: Branch, openings: readonly Opening[]): Promise<unknown> {
  const { branches, ends } = openAll(run, parent, openings)
  const first = await Promise.race(ends)
  const losers = without(branches, first.index)
  run.stopBranches(losers, 'lost')
  await Promise.all(ends)
  await cleanUp(run, parent, losers)
  if ('error' in first) throw first.error
  return first
}

/** Undoes what was done in these branches, and gives up their locks. */
async function cleanUp(run: LiveRun, branch: Branch, losers: readonly Branch[]): Promise<void> {
  const lost = run.undos.filter((record) => isWithin(record.branch, losers))
  const locks = [...run.locks].filter(([, owner]) => isWithin(owner, losers)).map(([name]) => name)
  if (lost.length + locks.length === 0) return
  for (const record of lost) record.sinceMs ??= run.timeMs
  const sinceMs = run.timeMs
  await run.invoke({
    kind: 'step',
    name: 'undo of losing branches',
    branch,
    async act(op) {
      const isAtRest = (): boolean => ![...run.outstanding.values()].some((one) => isWithin(one.branch, losers))
      // They may have begun what they did not wait for.
      if (!isAtRest()) return op.rest(Number.POSITIVE_INFINITY, isAtRest)
      const end = await undoAll(run, lost, sinceMs)
      if (typeof end !== 'string') return op.rest(end.dueMs, () => run.shared.now() >= end.dueMs)
      // Parked already, or this host ends: somebody goes on from here.
      if (end === 'drain') run.lose()
      if (end !== 'done') return never()
      for (const name of locks) await letGo(run, ...toKindAndKey(name))
      return {}
    },
  })
  forget(run, lost, locks)
}

function toKindAndKey(name: string): [string, string] {
  const [kind, key] = JSON.parse(name) as [string, string]
  return [kind, key]
}

function forget(run: LiveRun, lost: readonly UndoRecord[], locks: readonly string[]): void {
  for (const record of lost) run.forgetUndo(record)
  for (const name of locks) run.locks.delete(name)
}
