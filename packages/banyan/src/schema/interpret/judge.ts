/**
 * What needs several looks at one value: intersections that could not be merged, untagged unions, `not`, `if`,
 * `contains`, uniqueness of documents. The value is pictured once (snapshot.ts), every part answers about the picture,
 * and the copy keeps what any part that holds keeps: the annotation rule of JSON Schema ("evaluated" properties),
 * so that no branch that matches loses its data. Under 'reject' a key that no part kept refuses the value.
 *
 * Answers are remembered per picture: a recursive untagged union would otherwise cost 2^depth.
 */
import { isolateAt } from '../isolate.ts'
import { type Applicator, isAnything, resolved, type Shape } from '../shape.ts'
import { memoryOf, snapshot } from '../snapshot.ts'
import { INVALID, NOTHING } from '../value.ts'
import type { Copier, Interpreter } from './interpreter.ts'
import { again, canonical, isLossless, united } from './weigh.ts'

export function judge(interpreter: Interpreter, shape: Shape, partial: boolean): Copier {
  const weigh = weigher(interpreter.lenient, shape)
  const strict = interpreter.extras === 'reject' && !partial
  const evaluate = (picture: unknown, depth: number): unknown => {
    const result = weigh(picture, depth)
    if (result === INVALID || partial) return result
    const copy = result === NOTHING ? isolateAt(picture, depth) : result
    return copy !== INVALID && strict && !isLossless(picture, copy) ? INVALID : copy
  }
  return (value, depth) => {
    const picture = snapshot(value)
    const memory = typeof picture === 'object' && picture !== null ? memoryOf(picture) : undefined
    if (memory === undefined) return evaluate(picture, depth)
    // A second use of an answer gets a twin: copies share nothing, not even with each other.
    if (memory.has(evaluate)) return again(memory.get(evaluate))
    const result = evaluate(picture, depth)
    memory.set(evaluate, result)
    return result
  }
}

function weigher(lenient: Interpreter, shape: Shape): Copier {
  const base: Shape = { ...shape, also: [] }
  const parts = shape.also.map((applicator) => applicatorCopier(lenient, applicator))
  const all = isAnything(base) ? parts : [lenient.partial(base), ...parts]
  return (picture, depth) => {
    let result: unknown = NOTHING
    for (const part of all) {
      const own = part(picture, depth)
      if (own === INVALID) return INVALID
      result = united(result, own)
    }
    return result
  }
}

/** One applicator's answer about a picture, or INVALID, or NOTHING when it only asserts. */
export function applicatorCopier(lenient: Interpreter, applicator: Applicator): Copier {
  switch (applicator.kind) {
    case 'anyOf':
      return anyOf(applicator.branches.map((branch) => lenient.partial(branch)))
    case 'oneOf':
      return oneOf(lenient, applicator.branches)
    case 'allOf':
      return lenient.partial(applicator.branch)
    case 'not': {
      const branch = lenient.partial(applicator.branch)
      return (picture, depth) => (branch(picture, depth) === INVALID ? NOTHING : INVALID)
    }
    case 'if':
      return conditional(lenient, applicator)
    case 'contains':
      return contains(lenient.partial(applicator.branch), applicator.min, applicator.max)
    case 'unique':
      return (picture) => (hasTwins(picture) ? INVALID : NOTHING)
  }
}

function anyOf(branches: readonly Copier[]): Copier {
  return (picture, depth) => {
    let matched = false
    let result: unknown = NOTHING
    for (const branch of branches) {
      const own = branch(picture, depth)
      if (own === INVALID) continue
      matched = true
      result = united(result, own)
    }
    return matched ? result : INVALID
  }
}

/**
 * Exactly one. A branch with `additionalProperties: false` counts only if it names every key, so that { a } and { a, b }
 * can be told apart; when no branch does, unknown keys are what the extras policy says and are left out of the count.
 */
function oneOf(lenient: Interpreter, shapes: readonly Shape[]): Copier {
  const branches = shapes.map((shape) => ({
    copier: lenient.partial(shape),
    closed: resolved(shape).object?.closed === true,
  }))
  return (picture, depth) => {
    const matching = branches
      .map(({ copier, closed }) => ({ own: copier(picture, depth), closed }))
      .filter(({ own }) => own !== INVALID)
    const exact = matching.filter(({ own, closed }) => !closed || isLossless(picture, own))
    const counted = exact.length > 0 ? exact : matching
    return counted.length === 1 ? counted[0]?.own : INVALID
  }
}

function conditional(lenient: Interpreter, rule: Applicator & { kind: 'if' }): Copier {
  const test = lenient.partial(rule.test)
  const yes = rule.yes === undefined ? undefined : lenient.partial(rule.yes)
  const no = rule.no === undefined ? undefined : lenient.partial(rule.no)
  return (picture, depth) => {
    const own = test(picture, depth)
    const next = own === INVALID ? no : yes
    const kept = own === INVALID ? NOTHING : own
    if (next === undefined) return kept
    const result = next(picture, depth)
    return result === INVALID ? INVALID : united(kept, result)
  }
}

function contains(branch: Copier, min: number, max: number | undefined): Copier {
  return (picture, depth) => {
    if (!Array.isArray(picture)) return NOTHING
    const count = countMatching(branch, picture, depth)
    return count < min || (max !== undefined && count > max) ? INVALID : NOTHING
  }
}

export function countMatching(branch: Copier, elements: readonly unknown[], depth: number): number {
  return elements.reduce((count: number, element) => (branch(element, depth) === INVALID ? count : count + 1), 0)
}

/** Two equal elements; false for what is no array. */
export function hasTwins(picture: unknown): boolean {
  return Array.isArray(picture) && new Set(picture.map((element) => canonical(element))).size !== picture.length
}
