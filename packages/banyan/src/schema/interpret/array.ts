/** Arrays, interpreted. */
import { isolateAt } from '../isolate.ts'
import type { ArrayRules } from '../shape.ts'
import { INVALID, isList, NOTHING } from '../value.ts'
import type { Copier, Interpreter } from './interpreter.ts'

/** With `mute` the elements are not described: only the rules of the array itself are checked. */
export function arrayCopier(interpreter: Interpreter, rules: ArrayRules, mute: boolean): Copier {
  const prefix = rules.prefix.map((shape) => interpreter.copier(shape))
  const rest = rules.rest === undefined ? isolateAt : interpreter.copier(rules.rest)
  const most = rules.maxItems ?? Number.POSITIVE_INFINITY
  return (value, depth) => {
    if (!isList(value as object)) return INVALID
    const list = value as readonly unknown[]
    const length = list.length
    if (length < rules.minItems || length > most) return INVALID
    if (mute && !rules.distinct) return NOTHING
    const copy: unknown[] = []
    for (let index = 0; index < length; index++) {
      const element = (prefix[index] ?? rest)(list[index], depth)
      if (element === INVALID) return INVALID
      copy.push(element)
    }
    return rules.distinct && new Set(copy).size !== length ? INVALID : copy
  }
}
