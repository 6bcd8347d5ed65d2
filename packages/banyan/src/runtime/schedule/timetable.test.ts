import { describe, expect, it } from 'vitest'
import { type CronFields, parseCron } from './cron.ts'
import { findTimeZone, type TimeZone, toMoments } from './time-zone.ts'
import { fromCron, fromInterval, type Timetable } from './timetable.ts'

const cron = (text: string, zone = 'UTC'): Timetable =>
  fromCron(parseCron(text) as CronFields, findTimeZone(zone) as TimeZone)
const ms = (text: string): number => Date.parse(text)
const iso = (atMs: number | undefined): string =>
  atMs === undefined ? 'never' : new Date(atMs).toISOString().replace(':00.000Z', 'Z')

/** The next so many after a moment. */
function walk(timetable: Timetable, after: string, count: number): string[] {
  const found: string[] = []
  for (let at: number | undefined = ms(after); found.length < count; ) {
    at = timetable.next(at as number)
    found.push(iso(at))
    if (at === undefined) break
  }
  return found
}

describe('an interval', () => {
  it('occurs at its multiples since 1970, whoever asks and whenever', () => {
    const quarter = fromInterval(900_000)
    expect(iso(quarter.next(ms('2026-01-01T10:07:33Z')))).toBe('2026-01-01T10:15Z')
    expect(iso(quarter.next(ms('2026-01-01T10:15:00Z')))).toBe('2026-01-01T10:30Z')
    expect(iso(quarter.last(ms('2026-01-01T10:15:00Z')))).toBe('2026-01-01T10:15Z')
    expect(iso(quarter.last(ms('2026-01-01T10:14:59Z')))).toBe('2026-01-01T10:00Z')
  })
})

describe('a cron expression occurs', () => {
  it.each([
    ['* * * * *', 'UTC', '2026-01-01T00:00:30Z', ['2026-01-01T00:01Z', '2026-01-01T00:02Z']],
    [
      '*/20 9-10 * * MON-FRI',
      'UTC',
      '2026-01-02T10:30:00Z',
      ['2026-01-02T10:40Z', '2026-01-05T09:00Z', '2026-01-05T09:20Z'],
    ],
    ['0 0 31 * *', 'UTC', '2026-01-31T00:00:00Z', ['2026-03-31T00:00Z', '2026-05-31T00:00Z']],
    ['0 0 29 2 *', 'UTC', '2096-03-01T00:00:00Z', ['2104-02-29T00:00Z']],
    ['0 12 13 * 5', 'UTC', '2026-02-01T00:00:00Z', ['2026-02-06T12:00Z', '2026-02-13T12:00Z', '2026-02-20T12:00Z']],
    ['0 0 1 1 *', 'UTC', '2026-12-31T23:59:59Z', ['2027-01-01T00:00Z']],
    ['30 8 * * *', 'Asia/Kolkata', '2026-06-01T00:00:00Z', ['2026-06-01T03:00Z', '2026-06-02T03:00Z']],
    ['0 0 * * *', 'Pacific/Kiritimati', '2026-06-01T00:00:00Z', ['2026-06-01T10:00Z', '2026-06-02T10:00Z']],
    ['0 0 1 * *', 'Pacific/Pago_Pago', '2026-06-01T00:00:00Z', ['2026-06-01T11:00Z', '2026-07-01T11:00Z']],
  ])('%j in %s after %s', (text, zone, after, expected) =>
    expect(walk(cron(text, zone), after, expected.length)).toEqual(expected),
  )

  it('never, when there is no such day', () => expect(cron('0 0 30 2 *').next(0)).toBeUndefined())
})

// In Zurich 2026 the clocks jump from 02:00 to 03:00 on 29 March (01:00 UTC), and go from 03:00 back to 02:00 on 25 October (01:00 UTC).
describe('when the clocks go forward', () => {
  it.each([
    ['the time before the jump', '59 1 * * *', ['2026-03-28T00:59Z', '2026-03-29T00:59Z', '2026-03-29T23:59Z']],
    [
      'a time that is left out occurs at the jump',
      '30 2 * * *',
      ['2026-03-28T01:30Z', '2026-03-29T01:00Z', '2026-03-30T00:30Z'],
    ],
    [
      'several that are left out are one',
      '0,15,30 2 * * *',
      ['2026-03-28T01:00Z', '2026-03-28T01:15Z', '2026-03-28T01:30Z', '2026-03-29T01:00Z', '2026-03-30T00:00Z'],
    ],
    [
      'one that is left out and one at the jump are one',
      '0 2,3 * * *',
      ['2026-03-28T01:00Z', '2026-03-28T02:00Z', '2026-03-29T01:00Z', '2026-03-30T00:00Z'],
    ],
    ['an open hour is every hour of real time', '5 * * * *', ['2026-03-28T00:05Z', '2026-03-28T01:05Z']],
  ])('%s', (_, text, expected) => {
    expect(walk(cron(text, 'Europe/Zurich'), '2026-03-28T00:00:00Z', expected.length)).toEqual(expected)
  })

  it('an open hour leaves out what is left out', () => {
    expect(walk(cron('5 * * * *', 'Europe/Zurich'), '2026-03-29T00:00:00Z', 3)).toEqual([
      '2026-03-29T00:05Z',
      '2026-03-29T01:05Z',
      '2026-03-29T02:05Z',
    ])
  })

  it('also by half an hour, and at midnight', () => {
    // Lord Howe: 02:00 becomes 02:30 on 4 October 2026 (15:30 UTC of the day before). Havana: 00:00 becomes 01:00 on 8 March 2026.
    expect(walk(cron('15 2 * * *', 'Australia/Lord_Howe'), '2026-10-02T12:00:00Z', 3)).toEqual([
      '2026-10-02T15:45Z',
      '2026-10-03T15:30Z',
      '2026-10-04T15:15Z',
    ])
    expect(walk(cron('0 0 * * *', 'America/Havana'), '2026-03-07T00:00:00Z', 3)).toEqual([
      '2026-03-07T05:00Z',
      '2026-03-08T05:00Z',
      '2026-03-09T04:00Z',
    ])
  })
})

describe('when the clocks go back', () => {
  it('a time that comes twice occurs the first time only', () => {
    expect(walk(cron('30 2 * * *', 'Europe/Zurich'), '2026-10-24T00:00:00Z', 3)).toEqual([
      '2026-10-24T00:30Z',
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ])
  })

  it('an open hour occurs twice, once in each hour of real time', () => {
    expect(walk(cron('30 * * * *', 'Europe/Zurich'), '2026-10-24T23:00:00Z', 4)).toEqual([
      '2026-10-24T23:30Z',
      '2026-10-25T00:30Z',
      '2026-10-25T01:30Z',
      '2026-10-25T02:30Z',
    ])
  })
})

describe('looking back', () => {
  it.each([
    ['*/7 * * * *', 'Europe/Zurich', '2026-10-24T20:00:00Z'],
    ['0,30 1-3 * * *', 'Europe/Zurich', '2026-03-27T20:00:00Z'],
    ['15 2 * * *', 'Australia/Lord_Howe', '2026-04-01T00:00:00Z'],
    ['0 0 29 2 *', 'UTC', '2000-01-01T00:00:00Z'],
  ])('finds what looking forward found: %j in %s', (text, zone, after) => {
    const timetable = cron(text, zone)
    for (let at = timetable.next(ms(after)) as number, count = 0; count < 50; count++) {
      const next = timetable.next(at) as number
      expect(next).toBeGreaterThan(at)
      expect(iso(timetable.last(next - 1))).toBe(iso(at))
      expect(iso(timetable.last(next))).toBe(iso(next))
      at = next
      if (at > ms('2080-01-01T00:00:00Z')) break
    }
  })
})

describe('a time zone', () => {
  it.each(['Europe/Zurich', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5', 'UTC'])('is found: %s', (name) =>
    expect(findTimeZone(name)).toBeDefined(),
  )
  it.each(['Europe/Atlantis', 'zurich', '+02:00', '', '../etc', 'Europe/Zurich '])('is refused: %j', (name) =>
    expect(findTimeZone(name)).toBeUndefined(),
  )

  it('has no moment, one or two for a wall time', () => {
    const zone = findTimeZone('Europe/Zurich') as TimeZone
    expect(toMoments(zone, ms('2026-06-01T12:00:00Z'))).toEqual({ moments: [ms('2026-06-01T10:00:00Z')] })
    expect(toMoments(zone, ms('2026-03-29T02:30:00Z'))).toEqual({ jumpMs: ms('2026-03-29T01:00:00Z') })
    expect(toMoments(zone, ms('2026-10-25T02:30:00Z'))).toEqual({
      moments: [ms('2026-10-25T00:30:00Z'), ms('2026-10-25T01:30:00Z')],
    })
  })
})
