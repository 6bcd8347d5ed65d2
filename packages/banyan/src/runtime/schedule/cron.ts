/**
 * Cron expressions of five fields: minute, hour, day of the month, month, day of the week. What POSIX says of `crontab`, with the
 * steps, names and macros of Paul Vixie's cron that everybody knows. Nothing is guessed: what is not understood is refused, above
 * all six fields, which others read as seconds first or years last.
 *
 * Sources: IEEE Std 1003.1-2024, `crontab`; crontab(5) of cronie.
 */

/** What an expression means; lists ascend. */
export interface CronFields {
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
  readonly days: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>
  /** Days of month and week are both given: then either will do, else both must fit. */
  readonly eitherDay: boolean
  /** The hour is `*` or a step of it: then it is hours of real time that are meant, and not hands of a clock. */
  readonly anyHour: boolean
}

interface Field {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly words?: readonly string[]
}

const monthWords = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdayWords = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const fields: readonly Field[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of the month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, words: monthWords },
  { name: 'day of the week', min: 0, max: 7, words: weekdayWords },
]

const macros: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
}

/** The longest expression, in characters. */
export const maxCronChars = 200

/**
 * Reads an expression; a text is what is wrong with it.
 */
export function parseCron(text: string): CronFields | string {
  if (text.length > maxCronChars) return `it has more than ${maxCronChars} characters`
  const trimmed = text.trim().toLowerCase()
  const parts = (macros[trimmed] ?? trimmed).split(/\s+/)
  if (trimmed.startsWith('@') && macros[trimmed] === undefined)
    return `'${text}' is no macro: there are ${Object.keys(macros).join(', ')}`
  if (parts.length !== fields.length)
    return `it has ${parts.length} fields, must have 5: minute hour day-of-month month day-of-week`
  const sets: (readonly number[])[] = []
  for (const [index, field] of fields.entries()) {
    const values = parseField(parts[index] as string, field)
    if (typeof values === 'string') return values
    sets.push(values)
  }
  const [minutes, hours, days, months, weekdays] = sets as [number[], number[], number[], number[], number[]]
  return {
    minutes,
    hours,
    days: new Set(days),
    months: new Set(months),
    weekdays: new Set(weekdays.map((day) => day % 7)),
    eitherDay: !isOpen(parts[2]) && !isOpen(parts[4]),
    anyHour: isOpen(parts[1]),
  }
}

const isOpen = (part: string | undefined): boolean => part?.startsWith('*') === true

/** The values of a field, ascending; a text is what is wrong with it. */
function parseField(text: string, field: Field): readonly number[] | string {
  const values = new Set<number>()
  for (const part of text.split(',')) {
    const range = parsePart(part, field)
    if (typeof range === 'string') return `${field.name} '${text}': ${range}`
    for (let value = range.from; value <= range.to; value += range.step) values.add(value)
  }
  return [...values].sort((one, other) => one - other)
}

interface Range {
  readonly from: number
  readonly to: number
  readonly step: number
}

function parsePart(part: string, field: Field): Range | string {
  const [, body = '', stepText] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(part) ?? []
  if (body === '') return `'${part}' is neither *, a number, a range nor a step of one`
  const step = stepText === undefined ? 1 : Number(stepText)
  if (step < 1 || step > field.max) return `a step must be from 1 to ${field.max}`
  if (body === '*') return { from: field.min, to: field.max === 7 ? 6 : field.max, step }
  const [first = '', last, more] = body.split('-')
  const from = parseValue(first, field)
  const to = last === undefined ? from : parseValue(last, field)
  if (from === undefined || to === undefined || more !== undefined)
    return `'${body}' must be from ${field.min} to ${field.max}`
  if (last === undefined && stepText !== undefined)
    return `write a range before the step, like ${first}-${field.max}/${step}`
  if (from > to) return `'${body}' goes backwards: write two ranges`
  return { from, to, step }
}

function parseValue(text: string, { min, max, words = [] }: Field): number | undefined {
  const word = words.indexOf(text)
  if (word >= 0) return word + (words === monthWords ? 1 : 0)
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
  return value >= min && value <= max ? value : undefined
}
