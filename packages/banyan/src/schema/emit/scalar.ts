/** Code for null, booleans, numbers, strings and lists of values. */
import type { NumberRules, Pattern, Shape, StringRules } from '../shape.ts'
import { emitClosure } from './call.ts'
import { emitPlainPattern } from './plain-pattern.ts'
import { type Code, isPrimitive, literal, numeral, type Source } from './source.ts'
import { impliesWellFormed } from './well-formed.ts'

/** Longest list compared one by one; above it a set is faster. */
const MAX_COMPARED = 8

export function emitNull(value: string): Code {
  return { lines: `if(${value}!==null)return I;`, result: 'null' }
}

export function emitBoolean(value: string): Code {
  return { lines: `if(typeof ${value}!=='boolean')return I;`, result: value }
}

export function emitValues(source: Source, shape: Shape, value: string): Code {
  const values = shape.values ?? []
  if (!values.every(isPrimitive)) return emitClosure(source, shape, value)
  const result = values.includes(0) ? normalized(value) : value
  if (values.length > MAX_COMPARED)
    return { lines: `if(!${source.constant(new Set(values))}.has(${value}))return I;`, result }
  return { lines: `if(${values.map((one) => `${value}!==${literal(one)}`).join('&&')})return I;`, result }
}

/** -0 is equal to 0 but not the same: JSON has only 0. */
function normalized(value: string): string {
  return `(${value}===0?0:${value})`
}

export function emitNumber(shape: Shape, value: string): Code {
  const wrong = [`!${shape.integer ? 'isInteger' : 'isFinite'}(${value})`, ...numberConditions(shape.number, value)]
  return { lines: `if(${wrong.join('||')})return I;`, result: excludesZero(shape.number) ? value : `(${value}+0)` }
}

function numberConditions(rules: NumberRules | undefined, value: string): string[] {
  if (rules === undefined) return []
  const { minimum, maximum, above, below, multiples } = rules
  const found: string[] = []
  if (minimum !== undefined) found.push(`${value}<${numeral(minimum)}`)
  if (maximum !== undefined) found.push(`${value}>${numeral(maximum)}`)
  if (above !== undefined) found.push(`${value}<=${numeral(above)}`)
  if (below !== undefined) found.push(`${value}>=${numeral(below)}`)
  for (const step of multiples) found.push(`!isMultiple(${value},${numeral(step)})`)
  return found
}

function excludesZero(rules: NumberRules | undefined): boolean {
  const { minimum = -1, maximum = 1, above = -1, below = 1 } = rules ?? {}
  return minimum > 0 || above >= 0 || maximum < 0 || below <= 0
}

export function emitString(source: Source, shape: Shape, value: string): Code {
  const wrong = [`typeof ${value}!=='string'`, ...stringConditions(source, shape.string, value)]
  return { lines: `if(${wrong.join('||')})return I;`, result: value }
}

/** The name of what tests it. */
function emitTest(source: Source, { text, regex }: Pattern): string {
  const plain = emitPlainPattern(text)
  if (plain === undefined) return `${source.constant(regex)}.test`
  const name = source.local('p')
  source.functions.push(`function ${name}${plain}`)
  return name
}

/** Lengths first: they bound what a pattern is run on. */
function stringConditions(source: Source, rules: StringRules | undefined, value: string): string[] {
  const found: string[] = []
  if (rules?.maxLength !== undefined)
    found.push(`${value}.length>${rules.maxLength}&&isLonger(${value},${rules.maxLength})`)
  if (rules?.minLength === 1) found.push(`${value}.length===0`)
  else if (rules !== undefined && rules.minLength > 1)
    found.push(`${value}.length<${2 * rules.minLength}&&isShorter(${value},${rules.minLength})`)
  for (const pattern of rules?.patterns ?? []) found.push(`!${emitTest(source, pattern)}(${value})`)
  for (const { test } of rules?.formats ?? []) found.push(`!${source.constant(test)}(${value})`)
  if (!impliesWellFormed(rules)) found.push(`!${value}.isWellFormed()`)
  return found
}
