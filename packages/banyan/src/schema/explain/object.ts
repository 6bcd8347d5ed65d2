/** Explains objects. */

import { presentKeys } from '../interpret/object.ts'
import { createIssue, describeFound } from '../issue.ts'
import { segment } from '../pointer.ts'
import { ANYTHING, describesObject, type ObjectRules, type Shape } from '../shape.ts'
import { readOwn } from '../value.ts'
import type { Explainer, Look } from './explainer.ts'
import { counted, describeShape } from './text.ts'

type Plain = Record<string, unknown>

export function explainObject(explainer: Explainer, shape: Shape, look: Look, record: Plain): void {
  const described = describesObject(shape)
  const rules = shape.object
  const mute = look.extras === 'partial' && !described
  const inner: Look = { ...look, extras: look.extras === 'reject' ? 'reject' : 'strip' }
  if (rules === undefined && !described) {
    if (!mute) explainer.explainAnything(inner)
    return
  }
  explainer.within(look, () => {
    if (rules !== undefined) explainDeclared(explainer, rules, inner, record)
    explainOthers(explainer, shape, inner, record, mute)
  })
  if (rules !== undefined) explainCount(explainer, shape, look, record, mute)
}

function explainDeclared(explainer: Explainer, rules: ObjectRules, look: Look, record: Plain): void {
  const missing = (name: string, expected: string): void =>
    explainer.add(createIssue(`${look.path}/${segment(name)}`, 'required', expected, 'nothing'))
  for (const { name, shape, required } of rules.properties) {
    const value = readOwn(record, name)
    if (value !== undefined) explainer.explain(shape, { ...look, value, path: `${look.path}/${segment(name)}` })
    else if (required) missing(name, describeShape(shape))
  }
  for (const name of rules.present) if (readOwn(record, name) === undefined) missing(name, 'any JSON value')
}

/** Keys that no property names: records, patterns, and what is unknown. */
function explainOthers(explainer: Explainer, shape: Shape, look: Look, record: Plain, mute: boolean): void {
  const rules = shape.object
  const declared = new Set(rules?.properties.map((property) => property.name))
  const all = !describesObject(shape)
  for (const key of presentKeys(record)) {
    const at: Look = { ...look, value: record[key], path: `${look.path}/${segment(key)}` }
    const shapes = declared.has(key) ? [] : shapesOf(rules, key, all)
    const kept = declared.has(key) || shapes.length > 0
    if (kept || mute) explainName(explainer, rules?.names, at, key)
    else if (look.extras === 'reject') explainer.report(at, 'additionalProperties', 'left out')
    if (mute) continue
    if (shapes.length > 0 && !key.isWellFormed())
      explainer.add(createIssue(at.path.toWellFormed(), 'json', 'well-formed text', 'a name with a lone surrogate'))
    explainTogether(explainer, shapes, at)
  }
}

function shapesOf(rules: ObjectRules | undefined, key: string, all: boolean): readonly Shape[] {
  const matching = rules?.patterns.filter(({ regex }) => regex.test(key)).map(({ shape }) => shape) ?? []
  if (matching.length > 0) return matching
  if (rules?.rest !== undefined) return [rules.rest]
  return all ? [ANYTHING] : []
}

/** Several patterns judge a plain copy of the value, so it must be JSON throughout, unknown keys included. */
function explainTogether(explainer: Explainer, shapes: readonly Shape[], at: Look): void {
  for (const shape of shapes.length > 1 ? [ANYTHING, ...shapes] : shapes) explainer.explain(shape, at)
}

function explainName(explainer: Explainer, names: Shape | undefined, at: Look, key: string): void {
  if (names === undefined) return
  const [broken] = explainer.apart(names, { ...at, value: key, extras: 'strip' })
  if (broken !== undefined)
    explainer.add(createIssue(at.path, 'propertyNames', `named by a ${broken.expected}`, describeFound(key)))
}

function explainCount(explainer: Explainer, shape: Shape, look: Look, record: Plain, mute: boolean): void {
  const { minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = shape.object ?? {}
  if (minProperties === 0 && maxProperties === Number.POSITIVE_INFINITY) return
  const count = mute ? presentKeys(record).length : keptCount(shape, record)
  if (count < minProperties)
    explainer.report(look, 'minProperties', `object with at least ${counted(minProperties, 'property')}`)
  if (count > maxProperties)
    explainer.report(look, 'maxProperties', `object with at most ${counted(maxProperties, 'property')}`)
}

/** How many properties the copy would have: what is kept and what defaults add. */
function keptCount(shape: Shape, record: Plain): number {
  const properties = shape.object?.properties ?? []
  const declared = new Set(properties.map((property) => property.name))
  const filled = properties.filter(({ name, default: preset }) => readOwn(record, name) !== undefined || preset)
  const others = presentKeys(record).filter(
    (key) => !declared.has(key) && shapesOf(shape.object, key, !describesObject(shape)).length > 0,
  )
  return filled.length + others.length
}
