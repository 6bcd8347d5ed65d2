/**
 * The slow pass: every violation with its place and words. It walks the same shapes over a snapshot, so it cannot be
 * shown another value while it looks, and asks the interpreter where a question has a yes or no.
 */
import type { Interpreter } from '../interpret/interpreter.ts'
import { brokenNumberRule, brokenStringRule } from '../interpret/scalar.ts'
import { isSame } from '../interpret/weigh.ts'
import { isolateAt } from '../isolate.ts'
import { createIssue, describeFound, type Issue } from '../issue.ts'
import { segment } from '../pointer.ts'
import { ARRAY, isAnything, NUMBER, OBJECT, type Shape, STRING, type Target, typeOf } from '../shape.ts'
import { Refused, snapshot } from '../snapshot.ts'
import { INVALID, MAX_DEPTH } from '../value.ts'
import { explainArray } from './array.ts'
import type { Explainer, Look } from './explainer.ts'
import { explainJudged } from './judged.ts'
import { explainObject } from './object.ts'
import { describeShape, describeTypes, describeValues, numberRule, patternRule, stringRule } from './text.ts'
import { explainUnion } from './union.ts'

export function explainValue(interpreter: Interpreter, shape: Shape, value: unknown, maxIssues: number): Issue[] {
  const ancestors: unknown[] = []
  const turns: (readonly [Target, unknown])[] = []
  let issues: Issue[] = []

  const explainer: Explainer = {
    interpreter,
    isFull: () => issues.length >= maxIssues,
    report: (look, rule, expected, path = look.path) =>
      explainer.add(createIssue(path, rule, expected, describeFound(look.value))),
    add(issue) {
      if (!explainer.isFull()) issues.push(issue)
    },
    explain(inner, look) {
      if (explainer.isFull() || refuse(explainer, look, inner)) return
      if (inner.target !== undefined) explainTarget(inner.target, look)
      else explainShape(explainer, inner, look)
    },
    explainAnything: (look) => explainAnything(explainer, ancestors, look),
    apart(inner, look) {
      const before = issues
      issues = []
      explainer.explain(inner, look)
      const own = issues
      issues = before
      return own
    },
    within(look, walk) {
      ancestors.push(look.value)
      walk()
      ancestors.pop()
    },
  }

  function explainTarget(target: Target, look: Look): void {
    if (!target.recursive) return explainer.explain(target.shape, look)
    const circular = turns.some(([turn, seen]) => turn === target && seen === look.value && typeof seen === 'object')
    if (circular && look.value !== null) return refuseCycle(explainer, look)
    if (look.depth >= MAX_DEPTH) return refuseDepth(explainer, look)
    turns.push([target, look.value])
    explainer.explain(target.shape, { ...look, depth: look.depth + 1 })
    turns.pop()
  }

  explainer.explain(shape, { value: snapshot(value), path: '', depth: 0, extras: interpreter.extras })
  return issues
}

function explainShape(explainer: Explainer, shape: Shape, look: Look): void {
  if (shape.types === 0) return explainer.report(look, 'false', 'left out')
  if (shape.values !== undefined && shape.also.length === 0) return explainValues(explainer, shape.values, look)
  if (shape.also.length > 0) {
    if (!explainUnion(explainer, shape, look)) explainJudged(explainer, shape, look)
    return
  }
  if (isAnything(shape)) {
    if (look.extras !== 'partial') explainer.explainAnything(look)
    return
  }
  explainTyped(explainer, shape, look)
}

function explainTyped(explainer: Explainer, shape: Shape, look: Look): void {
  const type = typeOf(look.value)
  if ((type & shape.types) === 0) return explainer.report(look, 'type', describeTypes(shape))
  if (type === NUMBER) explainNumber(explainer, shape, look, look.value as number)
  else if (type === STRING) explainString(explainer, shape, look, look.value as string)
  else if (type === ARRAY) explainArray(explainer, shape, look, look.value as unknown[])
  else if (type === OBJECT) explainObject(explainer, shape, look, look.value as Record<string, unknown>)
}

function explainNumber(explainer: Explainer, shape: Shape, look: Look, value: number): void {
  const noun = shape.integer ? 'integer' : 'number'
  if (shape.integer && !Number.isInteger(value)) explainer.report(look, 'type', noun)
  const rule = brokenNumberRule(value, false, shape.number)
  if (rule !== undefined) explainer.report(look, rule, `${noun} ${numberRule(rule, shape.number)}`)
}

function explainString(explainer: Explainer, shape: Shape, look: Look, value: string): void {
  const rule = brokenStringRule(value, shape.string)
  if (rule === 'json') refuseText(explainer, look, value)
  else if (rule === 'pattern' && shape.string !== undefined)
    explainer.report(look, rule, `string ${patternRule(shape.string, value)}`)
  else if (rule !== undefined) explainer.report(look, rule, `string ${stringRule(rule, shape.string)}`)
}

function explainValues(explainer: Explainer, values: readonly unknown[], look: Look): void {
  const copy = isolateAt(look.value, look.depth)
  if (copy !== INVALID && values.some((value) => isSame(value, copy))) return
  explainer.report(look, values.length === 1 ? 'const' : 'enum', describeValues(values))
}

/** Reports what is not JSON at this very place. True when it was. */
function refuse(explainer: Explainer, look: Look, shape: Shape): boolean {
  const { value } = look
  if (value === undefined) {
    explainer.report(look, 'required', describeShape(shape))
    return true
  }
  const advice = adviceAgainst(value)
  if (advice === undefined) return false
  // What only asserts beside other shapes leaves the refusal to the one that keeps the value.
  if (look.extras === 'partial' && isAnything(shape)) return true
  const found = value instanceof Refused ? value.what : describeFound(value)
  explainer.add(createIssue(look.path, 'json', 'JSON', found, `: ${advice}`))
  return true
}

function adviceAgainst(value: unknown): string | undefined {
  if (value instanceof Refused) return value.advice
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? undefined : 'send null or leave it out'
    case 'bigint':
      return 'send a string'
    case 'function':
    case 'symbol':
      return 'leave it out'
    default:
      return undefined
  }
}

function refuseText(explainer: Explainer, look: Look, value: string): void {
  const found = describeFound(value.toWellFormed())
  explainer.add(
    createIssue(look.path, 'json', 'well-formed text', found, ' with a lone surrogate: send whole characters'),
  )
}

function refuseCycle(explainer: Explainer, look: Look): void {
  const issue = createIssue(
    look.path,
    'json',
    'JSON',
    'a value that contains itself',
    ': send ids instead of references',
  )
  explainer.add(issue)
}

function refuseDepth(explainer: Explainer, look: Look): void {
  explainer.report(look, 'depth', `nested at most ${MAX_DEPTH} levels`)
}

/** A value nobody described: it must be JSON all the way down. */
function explainAnything(explainer: Explainer, ancestors: readonly unknown[], look: Look): void {
  const { value } = look
  if (explainer.isFull()) return
  if (typeof value === 'string' && !value.isWellFormed()) return refuseText(explainer, look, value)
  if (typeof value !== 'object' || value === null) return
  if (ancestors.includes(value)) return refuseCycle(explainer, look)
  if (look.depth >= MAX_DEPTH) return refuseDepth(explainer, look)
  explainer.within(look, () => {
    const isArray = Array.isArray(value)
    for (const key of Object.keys(value)) {
      const property = (value as Record<string, unknown>)[key]
      if (property === undefined && !isArray) continue
      explainAnyProperty(explainer, { ...look, value: property, depth: look.depth + 1 }, key)
    }
  })
}

function explainAnyProperty(explainer: Explainer, look: Look, key: string): void {
  if (!key.isWellFormed()) return refuseText(explainer, { ...look, value: key }, key)
  const path = `${look.path}/${segment(key)}`
  explainer.explain({ types: 63, named: 0, integer: false, also: [] }, { ...look, path, extras: 'strip' })
}
