/**
 * JSON documents of the database, read without losing digits: a number that a JavaScript number cannot hold exactly becomes
 * its text. (jsonb keeps numbers as numeric, of any length; JSON.parse would round them without a word.)
 */
import type { Json } from '../json.ts'

/** What JSON.parse tells a reviver of a primitive (ES2026, in Node 24); the types do not have it yet. */
interface ReviverContext {
  readonly source?: string
}
type Reviver = (this: unknown, key: string, value: unknown, context: ReviverContext) => unknown

/** Fifteen digits always survive; only documents with longer runs, or exponents, need a closer look. */
const suspicious = /\d{16}|\d\.\d*\d{10}|\d[eE]/

const keepExact: Reviver = (_key, value, context) =>
  typeof value === 'number' && context.source !== undefined && !isExact(context.source, value) ? context.source : value

/** Reads a JSON text. */
export function fromExactJson(text: string): Json {
  return JSON.parse(text, suspicious.test(text) ? (keepExact as (key: string, value: unknown) => unknown) : undefined)
}

/** True when the number means the same as the text it was read from. */
export function isExact(source: string, value: number): boolean {
  return Number.isFinite(value) && normalize(source) === normalize(String(value))
}

/** Sign, digits without zeros around them, and the power of ten of the last one. */
function normalize(text: string): string {
  const found = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (found === null) return text
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const short = digits.replace(/0+$/, '')
  if (short === '') return '0'
  return `${sign}${short}e${Number(exponent) - fraction.length + digits.length - short.length}`
}
