/** Checks of numbers and strings, shared by the interpreter, the explanation and the rarer rules of generated code. */
import type { NumberRules, StringRules } from '../shape.ts'

/** The keyword a number breaks, or undefined. */
export function brokenNumberRule(value: number, integer: boolean, rules: NumberRules | undefined): string | undefined {
  if (integer && !Number.isInteger(value)) return 'type'
  if (rules === undefined) return undefined
  if (rules.minimum !== undefined && value < rules.minimum) return 'minimum'
  if (rules.maximum !== undefined && value > rules.maximum) return 'maximum'
  if (rules.above !== undefined && value <= rules.above) return 'exclusiveMinimum'
  if (rules.below !== undefined && value >= rules.below) return 'exclusiveMaximum'
  return rules.multiples.every((step) => isMultiple(value, step)) ? undefined : 'multipleOf'
}

/**
 * Whether `value` is `step` times an integer, as decimals: 19.99 is a multiple of 0.01, although the binary quotient is
 * 1998.9999999999998. Exact, by scaling both to integers, when the quotient does not decide it.
 */
export function isMultiple(value: number, step: number): boolean {
  if (Number.isInteger(value / step) && Math.abs(value / step) <= Number.MAX_SAFE_INTEGER) return true
  if (Number.isInteger(value) && Number.isInteger(step)) return value % step === 0
  const [a, b] = [decimal(value), decimal(step)]
  // Doubles span 10^±308: the scale stays below 700 digits.
  const scale = Math.max(a.fraction, b.fraction, 0)
  return (a.digits * 10n ** BigInt(scale - a.fraction)) % (b.digits * 10n ** BigInt(scale - b.fraction)) === 0n
}

/** value = digits × 10^-fraction, from the shortest decimal text of the number. */
function decimal(value: number): { digits: bigint; fraction: number } {
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e')
  const [whole = '0', part = ''] = mantissa.split('.')
  return { digits: BigInt(whole + part), fraction: part.length - Number(exponent) }
}

/** The keyword a string breaks, or undefined. `wellFormed` is the value model's own rule: no lone surrogates. */
export function brokenStringRule(value: string, rules: StringRules | undefined): string | undefined {
  if (!value.isWellFormed()) return 'json'
  if (rules === undefined) return undefined
  if (rules.maxLength !== undefined && isLonger(value, rules.maxLength)) return 'maxLength'
  if (rules.minLength > 0 && isShorter(value, rules.minLength)) return 'minLength'
  if (!rules.patterns.every((pattern) => pattern.regex.test(value))) return 'pattern'
  return rules.formats.every((format) => format.test(value)) ? undefined : 'format'
}

/** Lengths count code points; a code point is one or two UTF-16 units, so most strings need no counting. */
export function isLonger(value: string, limit: number): boolean {
  return value.length > limit && (value.length > 2 * limit || codePoints(value) > limit)
}

export function isShorter(value: string, limit: number): boolean {
  return value.length < limit || (value.length < 2 * limit && codePoints(value) < limit)
}

export function codePoints(value: string): number {
  let count = 0
  for (const _ of value) count++
  return count
}
