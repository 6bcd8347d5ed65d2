/** Lists: how long, what in which place, whether all different. */
import { ANYTHING, ARRAY, type ArrayRules, OBJECT, type Shape, typesOf } from '../../schema/shape.ts'
import { type Place, placeBelow } from './place.ts'
import type { Prover } from './prover.ts'

const noRules: ArrayRules = { prefix: [], minItems: 0, distinct: false }

/** Every list of the writer's is one of the reader's. */
export function includesArray(prover: Prover, writer: Shape, reader: Shape, place: Place): boolean {
  const own = writer.array ?? noRules
  const other = reader.array
  if (other === undefined) return true
  const bounds = includesBounds(prover, writer, own, other, place)
  const unlike = !other.distinct || isDistinct(writer) || repeats(prover, writer, place)
  return includesElements(prover, writer, own, other, place) && bounds && unlike
}

/** The most elements a list can have, where an element that nothing satisfies ends it too. */
function longest(rules: ArrayRules): number {
  const closed = rules.prefix.findIndex((shape) => shape.types === 0)
  const rest = rules.rest?.types === 0 ? rules.prefix.length : Number.POSITIVE_INFINITY
  return Math.min(rules.maxItems ?? Number.POSITIVE_INFINITY, closed < 0 ? rest : closed)
}

function includesBounds(prover: Prover, writer: Shape, own: ArrayRules, other: ArrayRules, place: Place): boolean {
  const lists =
    (...lengths: readonly number[]) =>
    (): Iterable<unknown> =>
      lengths.filter((length) => length >= 0).map((length) => prover.sampler.list(writer, length))
  const { minItems } = own
  let holds = true
  if (minItems < other.minItems) {
    const candidates = lists(minItems, other.minItems - 1)
    holds = prover.differs({ place, rule: 'minItems', writer: minItems, reader: other.minItems, candidates })
  }
  const { maxItems } = other
  if (maxItems !== undefined && longest(own) > maxItems) {
    const candidates = lists(maxItems + 1, maxItems + 2)
    holds = prover.differs({ place, rule: 'maxItems', writer: own.maxItems, reader: maxItems, candidates })
  }
  return holds
}

/** No element of the writer's lists comes twice, also after properties were stripped that told two of them apart. */
export function isDistinct(writer: Shape): boolean {
  const rules = writer.array ?? noRules
  if (rules.distinct || longest(rules) <= 1) return true
  const flat = [...rules.prefix, rules.rest ?? ANYTHING].every((one) => (typesOf(one) & (ARRAY | OBJECT)) === 0)
  return flat && writer.also.some(({ kind }) => kind === 'unique')
}

/** Tells that the reader refuses repetitions. */
export function repeats(prover: Prover, writer: Shape, place: Place): false {
  const { prefix, rest, minItems } = writer.array ?? noRules
  const candidates = (): Iterable<unknown> => {
    const lists = [Math.max(2, minItems), prefix.length + 2].map((length) => prover.sampler.list(writer, length))
    return lists.flatMap((list) => {
      const last = list?.at(-1)
      if (list === undefined) return []
      const same = list.map(() => last)
      const choice = prover.sampler.samples(rest ?? ANYTHING)
      return [same, list.with(0, last), ...choice.map((value) => list.map(() => value))]
    })
  }
  return prover.differs({ place, rule: 'uniqueItems', writer: false, reader: true, candidates })
}

function includesElements(prover: Prover, writer: Shape, own: ArrayRules, other: ArrayRules, place: Place): boolean {
  const described = Math.max(own.prefix.length, other.prefix.length)
  const limit = Math.min(longest(own), described + 1)
  let holds = true
  for (let index = 0; index < limit; index++) {
    const mine = own.prefix[index] ?? own.rest ?? ANYTHING
    const theirs = other.prefix[index] ?? other.rest ?? ANYTHING
    const inner = placeBelow(place, index, (value) => {
      const around = prover.sampler.list(writer, Math.max(index + 1, own.minItems))
      return around?.with(index, value)
    })
    if (!prover.includes(mine, theirs, inner)) holds = false
  }
  return holds
}
