/** What a shape asks for, in words. */
import {
  ARRAY,
  BOOLEAN,
  EVERY_TYPE,
  NULL,
  NUMBER,
  type NumberRules,
  OBJECT,
  resolved,
  type Shape,
  STRING,
  type StringRules,
  typesOf,
} from '../shape.ts'

/** Longest list of alternatives that is spelled out. */
const MAX_LISTED = 8

const typeNames: readonly (readonly [number, string])[] = [
  [STRING, 'string'],
  [NUMBER, 'number'],
  [BOOLEAN, 'boolean'],
  [ARRAY, 'array'],
  [OBJECT, 'object'],
  [NULL, 'null'],
]

/** 'integer ≥ 1', 'string or null', 'one of "a", "b"', 'object with kind, iban'. */
export function describeShape(shape: Shape): string {
  if (shape.target !== undefined) return describeShape(shape.target.shape)
  if (shape.types === 0) return 'left out'
  if (shape.values !== undefined) return describeValues(shape.values)
  const union = shape.also.find((applicator) => applicator.kind === 'anyOf' || applicator.kind === 'oneOf')
  if (union !== undefined && 'branches' in union) return listed(union.branches.map(describeShape))
  const types = typesOf(shape)
  if (types === EVERY_TYPE) return 'any JSON value'
  if (types === NUMBER) return describeNumber(shape.integer, shape.number)
  if (types === STRING) return describeString(shape.string)
  if (types === OBJECT) return describeObject(resolved(shape))
  return listed(namesOf(types, shape.integer))
}

export function describeTypes(shape: Shape): string {
  return shape.also.length > 0 ? describeShape(shape) : listed(namesOf(typesOf(shape), shape.integer))
}

function namesOf(types: number, integer: boolean): string[] {
  const names = typeNames.filter(([bit]) => (bit & types) !== 0)
  return names.map(([, name]) => (name === 'number' && integer ? 'integer' : name))
}

function listed(parts: readonly string[]): string {
  const unique = [...new Set(parts)]
  const shown = unique.slice(0, MAX_LISTED)
  return `${shown.join(' or ')}${unique.length > shown.length ? ' or …' : ''}`
}

export function describeValues(values: readonly unknown[]): string {
  const texts = values.slice(0, MAX_LISTED).map((value) => bounded(JSON.stringify(value)))
  const list = `${texts.join(', ')}${values.length > texts.length ? ', …' : ''}`
  return values.length === 1 ? list : `one of ${list}`
}

function bounded(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60).toWellFormed()}…`
}

function describeNumber(integer: boolean, rules: NumberRules | undefined): string {
  const bounds = ['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum', 'multipleOf']
  const noun = integer ? 'integer' : 'number'
  const parts = bounds.map((rule) => numberRule(rule, rules)).filter((part) => part !== '')
  return parts.length === 0 ? noun : `${noun} ${parts.join(' and ')}`
}

/** '≥ 1'; '' when the rule is absent or says no more than a safe integer does, as Zod writes it. */
export function numberRule(rule: string, rules: NumberRules | undefined): string {
  const { minimum, maximum, above, below, multiples = [] } = rules ?? {}
  if (rule === 'minimum') return minimum === undefined ? '' : `≥ ${minimum}`
  if (rule === 'maximum') return maximum === undefined ? '' : `≤ ${maximum}`
  if (rule === 'exclusiveMinimum') return above === undefined ? '' : `> ${above}`
  if (rule === 'exclusiveMaximum') return below === undefined ? '' : `< ${below}`
  return multiples.map((step) => `divisible by ${step}`).join(' and ')
}

function describeString(rules: StringRules | undefined): string {
  const kinds = ['minLength', 'maxLength', 'format', 'pattern']
  const parts = kinds.map((rule) => stringRule(rule, rules)).filter((part) => part !== '')
  return parts.length === 0 ? 'string' : `string ${parts.join(' and ')}`
}

export function stringRule(rule: string, rules: StringRules | undefined): string {
  const { minLength = 0, maxLength, patterns = [], formats = [] } = rules ?? {}
  if (rule === 'minLength') return minLength === 0 ? '' : `of at least ${counted(minLength, 'character')}`
  if (rule === 'maxLength') return maxLength === undefined ? '' : `of at most ${counted(maxLength, 'character')}`
  // A format with the pattern that defines it (as Zod writes it) is said by its name.
  if (rule === 'format') return formats.map((format) => `in ${format.name} format`).join(' and ')
  return formats.length > 0 ? '' : patterns.map((pattern) => `matching ${bounded(pattern.text)}`).join(' and ')
}

export function patternRule(rules: StringRules, value: string): string {
  const broken = rules.patterns.find((pattern) => !pattern.regex.test(value))
  return broken === undefined ? '' : `matching ${bounded(broken.text)}`
}

function describeObject(shape: Shape): string {
  const required = shape.object?.properties.filter((property) => property.required) ?? []
  if (required.length === 0) return 'object'
  const names = required.slice(0, MAX_LISTED).map((property) => property.name)
  return `object with ${names.join(', ')}${required.length > names.length ? ', …' : ''}`
}

export function counted(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`
  return `${count} ${noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`}`
}
