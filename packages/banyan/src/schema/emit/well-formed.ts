/**
 * Whether a string that satisfies the rules is sure to be well-formed Unicode, so that asking is unnecessary. True for
 * patterns that spell out ASCII from start to end, such as `^[A-Z]-[0-9]{3}$`; anything unclear is asked about.
 */
import type { StringRules } from '../shape.ts'

/** Formats whose every text is ASCII. */
const asciiFormats: ReadonlySet<string> = new Set([
  'date-time',
  'date',
  'time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uri',
  'uri-reference',
  'uuid',
  'base64',
  'base64url',
  'jwt',
  'hex',
  'e164',
  'ulid',
  'nanoid',
])

/** Anchored, without alternatives, and built only of ASCII letters, positive classes, groups and counts. */
const plainPattern =
  /^\^(?:[\w \-:/@#%&,;=!"'<>~`]|\\[dw.\-/+*?()[\]{}|^$\\]|\[(?!\^)(?:[\w \-:/@#%&,;=!"'<>~`.+*?(){}$]|\\[dw.\-/+*?()[\]{}|^$\\])+\]|\((?:\?:)?|[)+*?]|\{\d+(?:,\d*)?\})*\$$/

export function impliesWellFormed(rules: StringRules | undefined): boolean {
  if (rules === undefined) return false
  if (rules.formats.some((format) => asciiFormats.has(format.name))) return true
  return rules.patterns.some((pattern) => plainPattern.test(pattern.text))
}
