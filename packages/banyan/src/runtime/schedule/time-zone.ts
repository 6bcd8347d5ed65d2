/**
 * Between hands of a clock and moments, in a time zone of the IANA database as the runtime has it. "Wall time" here is written as
 * the milliseconds that it would be in UTC. Most wall times are one moment; one in the hour that is left out in spring is none,
 * and one in the hour that comes again in autumn is two.
 */

/** A time zone. */
export interface TimeZone {
  /** Wall time minus moment, in milliseconds. */
  offsetMs(atMs: number): number
}

/** What a wall time is. */
export type Moments =
  /** Ascending: one, or two where the clocks go back. */
  | { readonly moments: readonly number[] }
  /** There is no such time; the clocks jump over it at this moment. */
  | { readonly jumpMs: number }

const dayMs = 86_400_000

/** The time zone by its name, like 'Europe/Zurich'; undefined when there is none of it. */
export function findTimeZone(name: string): TimeZone | undefined {
  if (name === 'UTC') return { offsetMs: () => 0 }
  // A fixed offset is no zone: what it is for is a place that changes its clocks, or UTC.
  if (!/^[A-Za-z][\w+-]*(\/[\w+-]+)*$/.test(name)) return undefined
  try {
    return createZone(name)
  } catch {
    return undefined
  }
}

function createZone(timeZone: string): TimeZone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'iso8601',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return {
    offsetMs(atMs) {
      const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]))
      const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
      const wallMs = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'))
      return wallMs - Math.floor(atMs / 1_000) * 1_000
    },
  }
}

/** The moments of a wall time. Clocks are taken to change once in two days at most. */
export function toMoments(zone: TimeZone, wallMs: number): Moments {
  const before = zone.offsetMs(wallMs - dayMs)
  const after = zone.offsetMs(wallMs + dayMs)
  const candidates = before === after ? [wallMs - before] : [wallMs - before, wallMs - after]
  const moments = candidates.filter((atMs) => zone.offsetMs(atMs) === wallMs - atMs)
  if (moments.length > 0) return { moments: moments.sort((one, other) => one - other) }
  return { jumpMs: findJump(zone, wallMs - Math.max(before, after), wallMs - Math.min(before, after)) }
}

/** The first moment with the offset of the later one, between the two. */
function findJump(zone: TimeZone, earlyMs: number, lateMs: number): number {
  const offset = zone.offsetMs(lateMs)
  let [early, late] = [earlyMs, lateMs]
  while (late - early > 1_000) {
    const middle = early + Math.floor((late - early) / 2_000) * 1_000
    if (zone.offsetMs(middle) === offset) late = middle
    else early = middle
  }
  return late
}

/** Whether the clocks stay as they are all through the day of this wall time, its neighbours included. */
export function isSteady(zone: TimeZone, dayWallMs: number): boolean {
  const offset = zone.offsetMs(dayWallMs - dayMs)
  return zone.offsetMs(dayWallMs + dayMs) === offset && zone.offsetMs(dayWallMs + 2 * dayMs) === offset
}
