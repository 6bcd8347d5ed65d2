/** Explains unions that a type or a tag decides: only the branch that was meant is explained. */
import { type Choice, choiceCopier, choices } from '../interpret/union.ts'
import { createIssue, describeFound } from '../issue.ts'
import { segment } from '../pointer.ts'
import { type Shape, typeOf } from '../shape.ts'
import { INVALID, readOwn } from '../value.ts'
import type { Explainer, Look } from './explainer.ts'
import { describeShape, describeValues } from './text.ts'

/** False when the union has to be judged instead. */
export function explainUnion(explainer: Explainer, shape: Shape, look: Look): boolean {
  const found = choices(shape)
  if (found === undefined) return false
  const choice = found.get(typeOf(look.value))
  if (choice === undefined || choice.kind === 'none') {
    // Values that differ in every branch are a closed list, said better as one.
    explainer.report(look, 'type', describeShape(shape))
    return true
  }
  const rule = shape.also[0]?.kind ?? 'anyOf'
  if (choice.kind === 'one') explainer.explain(choice.branch, look)
  else if (choice.kind === 'tag') explainTagged(explainer, choice, look)
  else if (choiceCopier(explainer.interpreter, choice)(look.value, look.depth) === INVALID)
    explainer.report(look, rule, describeShape(shape))
  return true
}

function explainTagged(explainer: Explainer, choice: Choice & { kind: 'tag' }, look: Look): void {
  const value = readOwn(look.value as Record<string, unknown>, choice.tag)
  const meant = choice.cases.find(({ values }) => values.includes(value))
  if (meant !== undefined) return explainer.explain(meant.branch, look)
  const expected = describeValues(choice.cases.flatMap(({ values }) => values))
  const rule = value === undefined ? 'required' : 'enum'
  explainer.add(createIssue(`${look.path}/${segment(choice.tag)}`, rule, expected, describeFound(value)))
}
