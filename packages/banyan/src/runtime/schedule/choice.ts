/** Which occurrence of a schedule is next: a function of what was settled and what time it is. */
import type { CatchUp } from './define-schedule.ts'
import type { Timetable } from './timetable.ts'

/** Occurrences that `catchUp: 'all'` runs after a pause, at most; the ones before are skipped. */
export const maxCatchUp = 100
/** An occurrence that is later than this was missed, for `catchUp: 'none'`; in milliseconds. */
export const missedAfterMs = 60_000

/** What is to be done. */
export type Choice =
  /** Nothing is due; `inMs` until something is, undefined when nothing ever will be. */
  | { readonly do: 'wait'; readonly inMs: number | undefined }
  | { readonly do: 'run'; readonly atMs: number }
  /** Everything up to this one counts as settled without being run. */
  | { readonly do: 'skip'; readonly atMs: number }

/** Chooses. Everything up to `doneMs` is settled. */
export function choose(timetable: Timetable, catchUp: CatchUp, doneMs: number, nowMs: number): Choice {
  const last = timetable.last(nowMs)
  if (last === undefined || last <= doneMs) {
    const next = timetable.next(Math.max(nowMs, doneMs))
    return { do: 'wait', inMs: next === undefined ? undefined : next - nowMs }
  }
  if (catchUp === 'none' && nowMs - last > missedAfterMs) return { do: 'skip', atMs: last }
  if (catchUp !== 'all') return { do: 'run', atMs: last }
  return oldest(timetable, doneMs, last)
}

function oldest(timetable: Timetable, doneMs: number, last: number): Choice {
  let at = last
  for (let count = 1; count < maxCatchUp; count++) {
    const before = timetable.last(at - 1)
    if (before === undefined || before <= doneMs) return { do: 'run', atMs: at }
    at = before
  }
  const before = timetable.last(at - 1)
  return before !== undefined && before > doneMs ? { do: 'skip', atMs: before } : { do: 'run', atMs: at }
}
