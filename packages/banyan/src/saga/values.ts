/** Values on their way into a journal and out of it: JSON, of bounded size, never shared with who gave them. */
import type { Outcome } from '../core/error.ts'
import { maxResultBytes } from './options.ts'
import { notJson, tooLarge } from './refusals.ts'

/** As text; undefined becomes nothing. Throws INVALID_ARGUMENT for what is no JSON or too large. */
export function toText(value: unknown, what: string, outcome: Outcome = 'none'): string | undefined {
  if (value === undefined) return undefined
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {
    throw notJson(what, outcome)
  }
  if (text === undefined) throw notJson(what, outcome)
  // Most are short: three bytes are the most that a UTF-16 unit can take.
  if (text.length * 3 > maxResultBytes) {
    const bytes = Buffer.byteLength(text)
    if (bytes > maxResultBytes) throw tooLarge(what, bytes, outcome)
  }
  return text
}

/** What is given back for what was given: what a reader of its text would have, and never shared. */
export function copyOf(value: unknown, text: string | undefined): unknown {
  if (text === undefined || typeof value === 'string' || typeof value === 'boolean' || value === null) return value
  return JSON.parse(text)
}
