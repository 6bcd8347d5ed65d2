/** `anyOf` / `oneOf` whose branches can be told apart by type or by a tag: one look decides, one branch runs. */
import {
  ARRAY,
  BOOLEAN,
  isBare,
  NULL,
  NUMBER,
  OBJECT,
  PRIMITIVE,
  type Property,
  resolved,
  type Shape,
  STRING,
  typeOf,
  typesOf,
} from '../shape.ts'
import { INVALID, isPlain, MAX_DEPTH, readOwn } from '../value.ts'
import type { Copier, Interpreter } from './interpreter.ts'
import { objectCopier, type RecordCopier } from './object.ts'

export type Choice =
  | { readonly kind: 'none' }
  | { readonly kind: 'one'; readonly branch: Shape }
  /** Several branches for a primitive, which may be looked at more than once. */
  | { readonly kind: 'try'; readonly branches: readonly Shape[]; readonly exclusive: boolean }
  | { readonly kind: 'tag'; readonly tag: string; readonly cases: readonly TagCase[] }

export interface TagCase {
  readonly values: readonly unknown[]
  readonly branch: Shape
}

export const allTypes: readonly number[] = [NULL, BOOLEAN, NUMBER, STRING, ARRAY, OBJECT]

/** What to do for each type, or undefined when the shape is more than a union or its branches cannot be told apart. */
export function choices(shape: Shape): ReadonlyMap<number, Choice> | undefined {
  const union = shape.also[0]
  if (shape.also.length !== 1 || union === undefined || !isBare(shape)) return undefined
  if (union.kind !== 'anyOf' && union.kind !== 'oneOf') return undefined
  const found = new Map<number, Choice>()
  for (const type of allTypes) {
    const branches = union.branches.filter((branch) => (typesOf(branch) & shape.types & type) !== 0)
    const choice = choose(branches, type, union.kind === 'oneOf')
    if (choice === undefined) return undefined
    found.set(type, choice)
  }
  return found
}

function choose(branches: readonly Shape[], type: number, exclusive: boolean): Choice | undefined {
  const first = branches[0]
  if (first === undefined) return { kind: 'none' }
  if (branches.length === 1) return { kind: 'one', branch: first }
  if ((type & PRIMITIVE) !== 0) return { kind: 'try', branches, exclusive }
  return type === OBJECT ? tagged(branches) : undefined
}

/** The property that every branch requires with values of its own. */
function tagged(branches: readonly Shape[]): Choice | undefined {
  const first = resolved(branches[0] as Shape)
  for (const { name } of first.object?.properties ?? []) {
    const cases = branches.map((branch) => ({ values: tagValues(branch, name), branch }))
    const values = cases.flatMap((one) => one.values)
    if (cases.every((one) => one.values.length > 0) && new Set(values).size === values.length)
      return { kind: 'tag', tag: name, cases }
  }
  return undefined
}

function tagValues(branch: Shape, name: string): readonly unknown[] {
  const shape = resolved(branch)
  if (shape.also.length > 0 || shape.values !== undefined) return []
  const property: Property | undefined = shape.object?.properties.find((candidate) => candidate.name === name)
  const values = property?.required === true && property.shape.also.length === 0 ? (property.shape.values ?? []) : []
  return values.every((value) => typeof value === 'string' || typeof value === 'number') ? values : []
}

export function unionCopier(interpreter: Interpreter, shape: Shape): Copier | undefined {
  const found = choices(shape)
  if (found === undefined) return undefined
  const copiers = new Map([...found].map(([type, choice]) => [type, choiceCopier(interpreter, choice)]))
  return (value, depth) => {
    const copier = copiers.get(typeOf(value))
    return copier === undefined ? INVALID : copier(value, depth)
  }
}

export function choiceCopier(interpreter: Interpreter, choice: Choice): Copier {
  switch (choice.kind) {
    case 'none':
      return () => INVALID
    case 'one':
      return interpreter.copier(choice.branch)
    case 'try':
      return tryAll(
        choice.branches.map((branch) => interpreter.copier(branch)),
        choice.exclusive,
      )
    case 'tag':
      return byTag(interpreter, choice.tag, choice.cases)
  }
}

function tryAll(branches: readonly Copier[], exclusive: boolean): Copier {
  return (value, depth) => {
    let result: unknown = INVALID
    for (const branch of branches) {
      const own = branch(value, depth)
      if (own === INVALID) continue
      if (!exclusive) return own
      if (result !== INVALID) return INVALID
      result = own
    }
    return result
  }
}

/** The tag is read once: it chooses the branch and is then handed to it. */
function byTag(interpreter: Interpreter, tag: string, cases: readonly TagCase[]): Copier {
  const byValue = new Map<unknown, RecordCopier>()
  for (const { values, branch } of cases) {
    const copier = branchCopier(interpreter, tag, branch)
    for (const value of values) byValue.set(value, copier)
  }
  return (value, depth) => {
    if (!isPlain(value as object)) return INVALID
    const found = readOwn(value as Record<string, unknown>, tag)
    const copier = byValue.get(found)
    return copier === undefined ? INVALID : copier(value, depth, found)
  }
}

function branchCopier(interpreter: Interpreter, tag: string, branch: Shape): RecordCopier {
  if (branch.target === undefined) return objectCopier(interpreter, branch, tag)
  const inner = branchCopier(interpreter, tag, branch.target.shape)
  if (!branch.target.recursive) return inner
  return (value, depth, known) => (depth >= MAX_DEPTH ? INVALID : inner(value, depth + 1, known))
}
