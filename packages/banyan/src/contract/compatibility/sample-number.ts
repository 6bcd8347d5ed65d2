/** Numbers at the edges of what the rules of a number allow. */
import type { NumberRules, Shape } from '../../schema/shape.ts'

const plain = [0, 1, 0.5, -1, 2, 10, -10, 1.25, 100, 1_000_000, -0.001, 12_345.678]

/** Numbers that may fit, and beside them those that matter to `other` rules. */
export function sampleNumbers(shape: Pick<Shape, 'number'>, other?: NumberRules): readonly number[] {
  const edges = [...edgesOf(shape.number), ...edgesOf(other)]
  const steps = [...(shape.number?.multiples ?? []), 1]
  const around = edges.flatMap((edge) => [edge, edge - 1, edge + 1, edge - 0.5, edge + 0.5, edge - 0.001, edge + 0.001])
  const multiples = steps.flatMap((step) =>
    [0, ...edges].flatMap((edge) => [-3, -2, -1, 0, 1, 2, 3].map((turn) => (Math.floor(edge / step) + turn) * step)),
  )
  return [...new Set([...plain, ...around, ...multiples])].filter(Number.isFinite)
}

function edgesOf(rules: NumberRules | undefined): readonly number[] {
  if (rules === undefined) return []
  const { minimum, maximum, above, below } = rules
  return [minimum, maximum, above, below].filter((edge) => edge !== undefined)
}
