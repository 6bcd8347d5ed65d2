/**
 * When a schedule occurs: a pure function of its description, so that every host comes to the same moments without talking. An
 * interval occurs at the multiples of it since 1970 UTC and so cannot drift, whoever was down or slow; a cron expression occurs
 * when the clocks of its time zone show it.
 *
 * When the clocks change: a time that is left out occurs at the moment of the jump (once, however many were left out); a time that
 * comes twice occurs the first time only. Unless the hour is `*`: then hours of real time are meant, so what is left out is left
 * out, and what comes twice occurs twice.
 */
import type { CronFields } from './cron.ts'
import { isSteady, type TimeZone, toMoments } from './time-zone.ts'

/** See the top of the file. Moments are milliseconds since 1970. */
export interface Timetable {
  /** The first occurrence after a moment; undefined when there is none within nine years. */
  next(afterMs: number): number | undefined
  /** The last occurrence at or before a moment. */
  last(atMs: number): number | undefined
}

/** Occurs at the multiples of an interval. */
export function fromInterval(everyMs: number): Timetable {
  return {
    next: (afterMs) => (Math.floor(afterMs / everyMs) + 1) * everyMs,
    last: (atMs) => Math.floor(atMs / everyMs) * everyMs,
  }
}

const dayMs = 86_400_000
/** Days that are looked at for one that fits: 29 February is up to eight years away. */
export const maxDaysAhead: number = 9 * 366
/** Days whose occurrences are remembered: the same few are asked for again and again. */
const maxRemembered = 8

/** Occurs when the clocks of a zone show it. */
export function fromCron(fields: CronFields, zone: TimeZone): Timetable {
  const remembered = new Map<number, readonly number[]>()

  function ofDay(dayWallMs: number): readonly number[] {
    const known = remembered.get(dayWallMs)
    if (known !== undefined) return known
    const found = isDay(fields, dayWallMs) ? occurrencesOf(fields, zone, dayWallMs) : []
    if (remembered.size >= maxRemembered) remembered.delete(remembered.keys().next().value as number)
    remembered.set(dayWallMs, found)
    return found
  }

  /** Days from the one before on: where clocks change at midnight, a moment may lie in the day beside. */
  function find(
    fromMs: number,
    step: 1 | -1,
    pick: (moments: readonly number[]) => number | undefined,
  ): number | undefined {
    const day = Math.floor((fromMs + zone.offsetMs(fromMs)) / dayMs) * dayMs
    for (let index = -1; index < maxDaysAhead; index++) {
      const at = day + step * index * dayMs
      const found = pick([...ofDay(at), ...ofDay(at + step * dayMs)])
      if (found !== undefined) return found
    }
    return undefined
  }

  return {
    next: (afterMs) =>
      find(afterMs, 1, (moments) => {
        const later = moments.filter((one) => one > afterMs)
        return later.length === 0 ? undefined : Math.min(...later)
      }),
    last: (atMs) =>
      find(atMs, -1, (moments) => {
        const earlier = moments.filter((one) => one <= atMs)
        return earlier.length === 0 ? undefined : Math.max(...earlier)
      }),
  }
}

function isDay({ days, months, weekdays, eitherDay }: CronFields, dayWallMs: number): boolean {
  const date = new Date(dayWallMs)
  if (!months.has(date.getUTCMonth() + 1)) return false
  const [inMonth, inWeek] = [days.has(date.getUTCDate()), weekdays.has(date.getUTCDay())]
  return eitherDay ? inMonth || inWeek : inMonth && inWeek
}

/** The moments of a day, ascending. */
function occurrencesOf({ minutes, hours, anyHour }: CronFields, zone: TimeZone, dayWallMs: number): readonly number[] {
  const walls = hours.flatMap((hour) => minutes.map((minute) => dayWallMs + (hour * 60 + minute) * 60_000))
  if (isSteady(zone, dayWallMs)) {
    const offset = zone.offsetMs(dayWallMs)
    return walls.map((wallMs) => wallMs - offset)
  }
  const all = walls.flatMap((wallMs): readonly number[] => {
    const found = toMoments(zone, wallMs)
    if ('jumpMs' in found) return anyHour ? [] : [found.jumpMs]
    return anyHour ? found.moments : found.moments.slice(0, 1)
  })
  return [...new Set(all)].sort((one, other) => one - other)
}
