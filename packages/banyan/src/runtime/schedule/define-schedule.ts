/** What a service does at set times, as a description: when, and what. The host runs it (schedule-runner.ts). */
import { parseCron } from './cron.ts'
import { findTimeZone } from './time-zone.ts'
import { fromCron, fromInterval, type Timetable } from './timetable.ts'

/** One time at which a schedule occurs. */
export interface Occurrence {
  /** Of the schedule. */
  readonly name: string
  /** When it was to be, in milliseconds since 1970: the same at every try, however late it is. */
  readonly atMs: number
  /** The one that was settled before it, or when the schedule began; what lies between was missed. */
  readonly previousMs: number
  /** 1 at the first try. */
  readonly attempt: number
}

/**
 * What becomes of occurrences that nobody was there for: `one` runs the last of them, `all` runs each in order (the last 100 at
 * most), `none` runs no occurrence that is more than a minute late.
 */
export type CatchUp = 'one' | 'all' | 'none'

/** At the multiples of an interval since 1970 UTC: `everyMs: 3_600_000` is every full hour. */
export interface EveryTimes {
  /** 1 000 ms to 31 days. */
  readonly everyMs: number
}

/** When the clocks show it. */
export interface CronTimes {
  /** Five fields: minute, hour, day of the month, month, day of the week; or `@daily` and the like. */
  readonly cron: string
  /** A name of the IANA database. Default 'UTC'. */
  readonly timezone?: string
}

/**
 * Work at set times, by the clock of the service's database. Each occurrence is applied exactly once, whatever the number of hosts
 * and whichever of them dies: its mark commits with the handler's one transaction (or by itself after a handler without one).
 *
 * A failed run is tried again, eight times, with waits of at most 50 ms, doubling, up to 30 s; then the occurrence is given up, which
 * the log and the metrics say. One that is still being tried when the next is due gives way to it, unless `catchUp` is 'all'.
 */
export type Schedule<Ctx = never> = (EveryTimes | CronTimes) & {
  /** Lower case letters, digits and '-'. What was settled is kept under it: another name begins anew. */
  readonly name: string
  /** Default 'one'. */
  readonly catchUp?: CatchUp
  readonly run: (occurrence: Occurrence, ctx: Ctx) => Promise<unknown> | void
}

/** The shortest and the longest interval, in milliseconds. */
export const scheduleIntervalMs: { readonly min: number; readonly max: number } = { min: 1_000, max: 31 * 86_400_000 }

/** A schedule whose types are no longer known. */
export interface ScheduleShape {
  readonly name: string
  readonly everyMs?: number
  readonly cron?: string
  readonly timezone?: string
  readonly catchUp?: CatchUp
  readonly run: (occurrence: Occurrence, ctx: never) => unknown
}

/** Reads when it occurs; a text is what is wrong with it. */
export function toTimetable({ everyMs, cron, timezone = 'UTC' }: ScheduleShape): Timetable | string {
  if ((everyMs === undefined) === (cron === undefined)) return 'give either everyMs or cron'
  if (everyMs !== undefined) {
    const { min, max } = scheduleIntervalMs
    const fits = Number.isInteger(everyMs) && everyMs >= min && everyMs <= max
    return fits ? fromInterval(everyMs) : `everyMs ${everyMs} must be a whole number from ${min} to ${max}`
  }
  if (typeof cron !== 'string') return `cron must be a text, like '0 2 * * *'`
  const fields = parseCron(cron)
  if (typeof fields === 'string') return `cron '${cron}': ${fields}`
  const zone = findTimeZone(timezone)
  if (zone === undefined) return `'${timezone}' is no time zone of the IANA database, like 'Europe/Zurich'`
  const timetable = fromCron(fields, zone)
  return timetable.next(0) === undefined ? `cron '${cron}' never occurs` : timetable
}
