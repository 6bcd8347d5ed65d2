/** Explains what was judged on a snapshot: intersections, untagged unions, `not`, `if`, `contains`, uniqueness. */
import { applicatorCopier, countMatching } from '../interpret/judge.ts'
import { losses } from '../interpret/weigh.ts'
import { createIssue, describeFound, type Issue } from '../issue.ts'
import { segment } from '../pointer.ts'
import { type Applicator, isAnything, type Shape } from '../shape.ts'
import { INVALID, NOTHING } from '../value.ts'
import type { Explainer, Look } from './explainer.ts'
import { counted, describeShape } from './text.ts'

export function explainJudged(explainer: Explainer, shape: Shape, look: Look): void {
  const lenient = explainer.interpreter.lenient
  const part: Look = { ...look, extras: 'partial' }
  const base: Shape = { ...shape, also: [] }
  const found: Issue[] = isAnything(base) ? [] : [...explainer.apart(base, part)]
  for (const applicator of shape.also) {
    if (applicatorCopier(lenient, applicator)(look.value, look.depth) !== INVALID) continue
    found.push(...explainApplicator(explainer, applicator, part))
  }
  for (const issue of found) explainer.add(issue)
  if (found.length > 0 || look.extras === 'partial') return
  const kept = lenient.partial(shape)(look.value, look.depth)
  if (kept === NOTHING) return explainer.explainAnything(look)
  if (look.extras !== 'reject') return
  for (const keys of losses(look.value, kept)) {
    const path = `${look.path}/${keys.map(segment).join('/')}`
    explainer.add(createIssue(path, 'additionalProperties', 'left out', describeFound(at(look.value, keys))))
    if (explainer.isFull()) return
  }
}

function at(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce((here, key) => (here as Record<string, unknown>)[key], value)
}

function explainApplicator(explainer: Explainer, applicator: Applicator, look: Look): readonly Issue[] {
  const issue = (rule: string, expected: string): Issue =>
    createIssue(look.path, rule, expected, describeFound(look.value))
  switch (applicator.kind) {
    case 'anyOf':
    case 'oneOf':
      return explainAlternatives(explainer, applicator, look)
    case 'allOf':
      return explainer.apart(applicator.branch, look)
    case 'not':
      return [issue('not', `anything but ${describeShape(applicator.branch)}`)]
    case 'if':
      return explainConditional(explainer, applicator, look)
    case 'contains': {
      const { branch, min, max } = applicator
      const count = countMatching(explainer.interpreter.lenient.partial(branch), look.value as unknown[], look.depth)
      const what = describeShape(branch)
      if (count >= min) return [issue('maxContains', `array with at most ${counted(max ?? 0, 'item')} that is ${what}`)]
      const rule = min === 1 ? 'contains' : 'minContains'
      return [issue(rule, `array with at least ${counted(min, 'item')} that is ${what}`)]
    }
    case 'unique':
      return [issue('uniqueItems', 'array of different items')]
  }
}

/** The alternatives, and what keeps the nearest one from matching. */
function explainAlternatives(
  explainer: Explainer,
  applicator: Applicator & { kind: 'anyOf' | 'oneOf' },
  look: Look,
): readonly Issue[] {
  const tried = applicator.branches.map((branch) => explainer.apart(branch, look))
  const several = tried.filter((issues) => issues.length === 0).length > 0
  const names = [...new Set(applicator.branches.map(describeShape))].slice(0, 5).join(' or ')
  const expected = several ? `exactly one of: ${names}` : names
  const issue = createIssue(look.path, applicator.kind, expected, describeFound(look.value))
  const nearest = [...tried].sort((a, b) => a.length - b.length)[0] ?? []
  return nearest.some(({ path }) => path !== look.path) ? [issue, ...nearest] : [issue]
}

function explainConditional(explainer: Explainer, rule: Applicator & { kind: 'if' }, look: Look): readonly Issue[] {
  const holds = explainer.interpreter.lenient.partial(rule.test)(look.value, look.depth) !== INVALID
  const branch = holds ? rule.yes : rule.no
  return branch === undefined ? [] : explainer.apart(branch, look)
}
