/** Numbers and strings: intervals, steps, lengths, patterns and formats. */
import { isMultiple } from '../../schema/interpret/scalar.ts'
import type { NumberRules, Shape, StringRules } from '../../schema/shape.ts'
import { lengthsOfPattern } from './pattern.ts'
import type { Place } from './place.ts'
import type { Prover } from './prover.ts'
import { sampleNumbers } from './sample-number.ts'
import { lengthsOfFormat, sampleTexts } from './sample-text.ts'

const noNumberRules: NumberRules = { multiples: [] }
const noStringRules: StringRules = { minLength: 0, patterns: [], formats: [] }

/** Every number of the writer's is one of the reader's. */
export function includesNumber(prover: Prover, writer: Shape, reader: Shape, place: Place): boolean {
  const own = writer.number ?? noNumberRules
  const other = reader.number ?? noNumberRules
  const candidates = (): Iterable<unknown> => sampleNumbers(writer, other)
  const step = writer.integer ? [...own.multiples, 1] : own.multiples
  const bound = (rule: keyof NumberRules, holds: boolean): boolean =>
    holds || prover.differs({ place, rule: keywords[rule], writer: own[rule], reader: other[rule], candidates })
  const whole = !reader.integer || step.some((one) => isMultiple(one, 1))
  if (!whole) prover.differs({ place, rule: 'type', writer: 'number', reader: 'integer', candidates })
  const steps = other.multiples.filter((wanted) => !step.some((one) => isMultiple(one, wanted)))
  for (const wanted of steps)
    prover.differs({ place, rule: 'multipleOf', writer: own.multiples[0], reader: wanted, candidates })
  const [least, most] = [lowest(writer), highest(writer)]
  const bounds = [
    bound('minimum', other.minimum === undefined || least.value >= other.minimum),
    bound(
      'above',
      other.above === undefined || least.value > other.above || (least.value === other.above && least.open),
    ),
    bound('maximum', other.maximum === undefined || most.value <= other.maximum),
    bound('below', other.below === undefined || most.value < other.below || (most.value === other.below && most.open)),
  ]
  return bounds.every(Boolean) && whole && steps.length === 0
}

const keywords: Readonly<Record<keyof NumberRules, string>> = {
  minimum: 'minimum',
  maximum: 'maximum',
  above: 'exclusiveMinimum',
  below: 'exclusiveMaximum',
  multiples: 'multipleOf',
}

interface Edge {
  readonly value: number
  /** The edge itself is not among the numbers. */
  readonly open: boolean
}

function lowest({ number, integer }: Shape): Edge {
  const { minimum = -Infinity, above = -Infinity } = number ?? {}
  const edge: Edge = above >= minimum ? { value: above, open: true } : { value: minimum, open: false }
  if (!integer || !Number.isSafeInteger(Math.ceil(edge.value))) return edge
  return { value: edge.open ? Math.floor(edge.value) + 1 : Math.ceil(edge.value), open: false }
}

function highest({ number, integer }: Shape): Edge {
  const { maximum = Infinity, below = Infinity } = number ?? {}
  const edge: Edge = below <= maximum ? { value: below, open: true } : { value: maximum, open: false }
  if (!integer || !Number.isSafeInteger(Math.floor(edge.value))) return edge
  return { value: edge.open ? Math.ceil(edge.value) - 1 : Math.floor(edge.value), open: false }
}

/** Every text of the writer's is one of the reader's. */
export function includesString(prover: Prover, writer: Shape, reader: Shape, place: Place): boolean {
  const own = writer.string ?? noStringRules
  const other = reader.string
  if (other === undefined) return true
  const candidates = (): Iterable<unknown> => sampleTexts(own, other)
  const tell = (rule: string, mine: unknown, theirs: unknown): false =>
    prover.differs({ place, rule, writer: mine, reader: theirs, candidates })
  const [min, max] = lengths(own)
  let holds = true
  if (min < other.minLength) holds = tell('minLength', own.minLength, other.minLength)
  if (other.maxLength !== undefined && max > other.maxLength) holds = tell('maxLength', own.maxLength, other.maxLength)
  for (const { text } of other.patterns)
    if (!own.patterns.some((one) => one.text === text)) holds = tell('pattern', own.patterns[0]?.text, text)
  for (const { name } of other.formats)
    if (!own.formats.some((one) => one.name === name)) holds = tell('format', own.formats[0]?.name, name)
  return holds
}

/** How long the writer's texts can be, by all that it says about them. */
function lengths(rules: StringRules): readonly [min: number, max: number] {
  const all = [
    [rules.minLength, rules.maxLength ?? Infinity] as const,
    ...rules.patterns.map(({ text }) => lengthsOfPattern(text)),
    ...rules.formats.flatMap(({ name }) => (lengthsOfFormat[name] ? [lengthsOfFormat[name]] : [])),
  ]
  return [Math.max(...all.map(([min]) => min)), Math.min(...all.map(([, max]) => max))]
}
