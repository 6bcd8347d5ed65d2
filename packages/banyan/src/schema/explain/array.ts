/** Explains arrays. */
import { ANYTHING, describesArray, type Shape } from '../shape.ts'
import type { Explainer, Look } from './explainer.ts'
import { counted } from './text.ts'

export function explainArray(explainer: Explainer, shape: Shape, look: Look, list: readonly unknown[]): void {
  const rules = shape.array
  const { minItems = 0, maxItems, prefix = [], rest = ANYTHING, distinct = false } = rules ?? {}
  const length = list.length
  if (length < minItems) explainer.report(look, 'minItems', `array of at least ${counted(minItems, 'item')}`)
  if (maxItems !== undefined && length > maxItems)
    explainer.report(look, 'maxItems', `array of at most ${counted(maxItems, 'item')}`)
  const mute = look.extras === 'partial' && !describesArray(shape)
  if (distinct && new Set(list).size !== length) explainer.report(look, 'uniqueItems', 'array of different items')
  if (mute && !distinct) return
  const extras = look.extras === 'partial' ? 'strip' : look.extras
  // An undescribed array is one untyped value: its own level counts.
  if (rules === undefined) return explainer.explainAnything({ ...look, extras })
  explainer.within(look, () => {
    for (let index = 0; index < length && !explainer.isFull(); index++)
      explainer.explain(prefix[index] ?? rest, { ...look, value: list[index], path: `${look.path}/${index}`, extras })
  })
}
