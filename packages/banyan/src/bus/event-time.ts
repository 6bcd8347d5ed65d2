/**
 * The time of an event, out of its text. Whoever reads a log from its beginning reads millions of them, nearly all as
 * `toISOString` writes them and of few days; so those are taken apart here, and the rest by `Date.parse`.
 */

const anyTime = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/
const ownTime = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/

let knownDay = ''
let knownDayMs = Number.NaN

/** An RFC 3339 time in milliseconds since 1970; NaN for any other text. */
export function parseEventTime(text: string): number {
  if (text.length !== 24 || !ownTime.test(text)) return anyTime.test(text) ? Date.parse(text) : Number.NaN
  const day = text.slice(0, 10)
  if (day !== knownDay) {
    knownDayMs = Date.parse(day)
    knownDay = day
  }
  const minutes = two(text, 11) * 60 + two(text, 14)
  return knownDayMs + (minutes * 60 + two(text, 17)) * 1_000 + digit(text, 20) * 100 + two(text, 21)
}

function digit(text: string, at: number): number {
  return text.charCodeAt(at) - 48
}

function two(text: string, at: number): number {
  return digit(text, at) * 10 + digit(text, at + 1)
}
