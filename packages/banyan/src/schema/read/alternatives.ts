/** `anyOf`, `oneOf` and `not` as shapes, with the forms that need no applicator folded away. */
import { ANYTHING, isAnything, NEVER, type Shape } from '../shape.ts'

export function alternatives(kind: 'anyOf' | 'oneOf', branches: readonly Shape[]): Shape {
  const only = branches[0]
  if (branches.length === 1 && only !== undefined) return only
  if (kind === 'oneOf') return { ...ANYTHING, also: [{ kind, branches }] }
  if (branches.some(isAnything)) return ANYTHING
  const literals = branches.filter(isLiteral)
  if (literals.length < 2) return { ...ANYTHING, also: [{ kind, branches }] }
  // TypeBox and Zod write a union of literals as one branch each: one list of values says the same.
  const values = [...new Set(literals.flatMap((branch) => branch.values ?? []))]
  const list: Shape = { ...ANYTHING, values }
  const others = branches.filter((branch) => !isLiteral(branch))
  return others.length === 0 ? list : { ...ANYTHING, also: [{ kind, branches: [list, ...others] }] }
}

function isLiteral(branch: Shape): boolean {
  if (branch.values === undefined || branch.also.length > 0) return false
  return branch.values.every((value) => typeof value !== 'object' || value === null)
}

export function negation(branch: Shape): Shape {
  if (isAnything(branch)) return NEVER
  return branch === NEVER ? ANYTHING : { ...ANYTHING, also: [{ kind: 'not', branch }] }
}
