/** States that the key takes for one behave as one: whatever can happen next in one can happen next in the other. */
import { expect, it } from 'vitest'
import { explore } from '../explore.ts'
import { allRules, type Rules } from './rules.ts'
import { createKey } from './saga-key.ts'
import { createSagaModel } from './saga-model.ts'
import type { Size } from './state.ts'

const maxStates = 100_000

it.each<[string, Size, Partial<Rules>]>([
  ['a step and a cancel', { hosts: 2, program: 'step', faults: 1, cancel: true }, {}],
  ['a wait', { hosts: 2, program: 'wait', faults: 1, event: true }, {}],
  [
    'a fence without epochs',
    { hosts: 2, program: 'step', faults: 1 },
    { fence: 'holder', takeRaises: false, reapRaises: false },
  ],
  ['no keys and no tombstones', { hosts: 2, program: 'step', faults: 1 }, { keys: false, tombstones: false }],
])('%s', { timeout: 60_000 }, (_, size, broken) => {
  const model = createSagaModel(size, broken)
  const { graph } = explore({ ...model, key: (state) => JSON.stringify(state), invariants: [], steps: [] }, maxStates)
  const keyOf = createKey({ ...allRules, ...broken }, true)
  const keys = graph.states.map(keyOf)
  const next = new Map<string, string>()
  const differing = graph.states.flatMap((state, index) => {
    const key = keys[index] as string
    const to = new Set<string>()
    graph.forEachStep(index, (target) => {
      if (keys[target] !== key) to.add(keys[target] as string)
    })
    const text = [...to].sort().join('\n')
    const known = next.get(key) ?? text
    next.set(key, known)
    return known === text ? [] : [{ state: model.describe?.(state), known, text }]
  })
  expect(differing.slice(0, 1)).toEqual([])
  expect(next.size).toBeLessThan(keys.length * 0.6)
})
