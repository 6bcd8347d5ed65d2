// Stock: what is promised is exactly what open orders hold, and what has left is exactly what was shipped.

import type { Level } from './client.ts'
import { isGone, isOpen, quantities, type Rule, type Snapshot } from './snapshot.ts'

/** On hand before the first order: the same for every product, or per sku. */
export type InitialStock = number | ReadonlyMap<string, number>

const reserved: Rule = {
  name: 'stock reserved',
  violations: (snapshot) => {
    const held = quantities(snapshot, isOpen)
    return snapshot.levels.flatMap((level) => {
      const expected = held.get(level.sku) ?? 0
      return level.reserved === expected
        ? []
        : [`${level.sku} has ${level.reserved} reserved, open orders hold ${expected}`]
    })
  },
}

const available: Rule = {
  name: 'stock available',
  violations: ({ levels }) => levels.flatMap(unsound),
}

function unsound(level: Level): string[] {
  const { sku, onHand, reserved: promised, available: free } = level
  const found =
    free === onHand - promised ? [] : [`${sku} has ${free} available, of ${onHand} with ${promised} reserved`]
  return free >= 0 && promised >= 0
    ? found
    : [...found, `${sku} is below zero: ${free} available, ${promised} reserved`]
}

const everyProduct: Rule = {
  name: 'stock known',
  violations: ({ products, levels }) => {
    const known = new Set(levels.map((level) => level.sku))
    return products.filter(({ sku }) => !known.has(sku)).map(({ sku }) => `${sku} is sold and has no stock level`)
  },
}

export const stockRules: readonly Rule[] = [reserved, available, everyProduct]

/** Only for who knows what the shelves held at first, and that nobody has set a level since. */
export function stockLeft(initial: InitialStock): Rule {
  return {
    name: 'stock left',
    violations: (snapshot: Snapshot) => {
      const left = quantities(snapshot, isGone)
      return snapshot.levels.flatMap(({ sku, onHand }) => {
        const before = typeof initial === 'number' ? initial : initial.get(sku)
        if (before === undefined) return []
        const expected = before - (left.get(sku) ?? 0)
        return onHand === expected
          ? []
          : [`${sku} has ${onHand} on hand; of ${before}, ${left.get(sku) ?? 0} were shipped`]
      })
    },
  }
}
