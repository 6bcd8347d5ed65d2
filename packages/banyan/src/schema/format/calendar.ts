/** Dates and times of RFC 3339: real calendar days, and second 60 only where a leap second can be (23:59:60 UTC). */

const days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Two decimal digits at `index` as a number; NaN when they are not digits. */
function two(text: string, index: number): number {
  const tens = text.charCodeAt(index) - 48
  const units = text.charCodeAt(index + 1) - 48
  return tens >= 0 && tens <= 9 && units >= 0 && units <= 9 ? tens * 10 + units : Number.NaN
}

function isDay(text: string): boolean {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return false
  const year = two(text, 0) * 100 + two(text, 2)
  const month = two(text, 5)
  const day = two(text, 8)
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1)) return false
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return day <= (leap ? 29 : (days[month - 1] as number))
}

/** `HH:MM:SS[.fraction](Z|±HH:MM)` from `start` to the end of the text. */
function isClock(text: string, start: number): boolean {
  if (text.charCodeAt(start + 2) !== 58 || text.charCodeAt(start + 5) !== 58) return false
  const hour = two(text, start)
  const minute = two(text, start + 3)
  const second = two(text, start + 6)
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return false
  let end = start + 8
  if (text.charCodeAt(end) === 46) {
    const first = ++end
    while (text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end++
    if (end === first) return false
  }
  const offset = offsetMinutes(text, end)
  if (!(offset > -1440)) return false
  return second < 60 || (hour * 60 + minute - offset + 2880) % 1440 === 1439
}

/** The zone that fills the rest of the text, in minutes; NaN when there is none. */
function offsetMinutes(text: string, start: number): number {
  const sign = text.charCodeAt(start)
  if (sign === 90 || sign === 122) return text.length === start + 1 ? 0 : Number.NaN
  if ((sign !== 43 && sign !== 45) || text.length !== start + 6 || text.charCodeAt(start + 3) !== 58) return Number.NaN
  const hours = two(text, start + 1)
  const minutes = two(text, start + 4)
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN
  return sign === 43 ? hours * 60 + minutes : -(hours * 60 + minutes)
}

export function isDate(text: string): boolean {
  return text.length === 10 && isDay(text)
}

export function isTime(text: string): boolean {
  return isClock(text, 0)
}

export function isDateTime(text: string): boolean {
  const separator = text.charCodeAt(10)
  return (separator === 84 || separator === 116) && isDay(text) && isClock(text, 11)
}

/** RFC 3339 appendix A: units in order without gaps are not asked for here, as in ISO 8601; a bare P or T is refused. */
const duration = /^P(?:\d+W|(?=\d|T)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)$/

export function isDuration(text: string): boolean {
  return duration.test(text)
}
