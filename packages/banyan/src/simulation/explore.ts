/**
 * Breadth first through every reachable state. What is found first is found by the shortest way, so the first state that breaks
 * an invariant has the shortest counterexample.
 */
import { BanyanError } from '../core/index.ts'
import type { Action, Model } from './model.ts'
import { StateGraph } from './state-graph.ts'
import { toStateKey } from './state-key.ts'
import { toTrace, type Violation, type ViolationKind } from './violation.ts'

/** What was found: every state, or the first violation on the way. */
export interface Exploration<State> {
  readonly graph: StateGraph<State>
  readonly violation: Violation<State> | undefined
}

/** Throws RESOURCE_EXHAUSTED when there are more than `maxStates` states. */
export function explore<State>(model: Model<State>, maxStates: number): Exploration<State> {
  const walk = new Walk(model, maxStates)
  return { graph: walk.graph, violation: walk.run() }
}

class Walk<State> {
  readonly graph = new StateGraph<State>()
  readonly #model: Model<State>
  readonly #maxStates: number
  readonly #known = new Map<string, number>()
  readonly #keyOf: (state: State) => string

  constructor(model: Model<State>, maxStates: number) {
    this.#model = model
    this.#maxStates = maxStates
    this.#keyOf = model.key ?? toStateKey
  }

  run(): Violation<State> | undefined {
    for (const state of this.#model.initial) {
      const violation = this.#reach(state, -1, -1).violation
      if (violation !== undefined) return violation
    }
    for (let from = 0; from < this.graph.states.length; from++) {
      const violation = this.#expand(from)
      if (violation !== undefined) return violation
    }
    return undefined
  }

  #expand(from: number): Violation<State> | undefined {
    const { actions, mayEnd } = this.#model
    const before = this.graph.states[from] as State
    this.graph.open()
    for (let index = 0; index < actions.length; index++) {
      const action = actions[index] as Action<State>
      if (!action.guard(before)) continue
      const violation = this.#take(from, before, action, index)
      if (violation !== undefined) return violation
    }
    if (mayEnd === undefined || this.graph.countOf(from) > 0 || mayEnd(before)) return undefined
    return this.#violation('deadlock', 'deadlock', from)
  }

  #take(from: number, before: State, action: Action<State>, index: number): Violation<State> | undefined {
    const after = action.effect(before)
    const { to, violation } = this.#reach(after, from, index)
    if (violation !== undefined) return violation
    if (to === from) return undefined
    this.graph.step(to, index)
    const broken = this.#model.steps?.find(({ holds }) => !holds(before, after, action))
    if (broken === undefined) return undefined
    const trace = [...toTrace(this.#model, this.graph, from), { action: action.name, state: after }]
    return { kind: 'step', property: broken.name, trace }
  }

  #reach(state: State, parent: number, action: number): { to: number; violation?: Violation<State> } {
    const key = this.#keyOf(state)
    const known = this.#known.get(key)
    if (known !== undefined) return { to: known }
    if (this.#known.size >= this.#maxStates) throw tooMany(this.#model.name, this.#maxStates)
    const to = this.graph.add(state, parent, action)
    this.#known.set(key, to)
    const broken = this.#model.invariants?.find(({ holds }) => !holds(state))
    return broken === undefined ? { to } : { to, violation: this.#violation('invariant', broken.name, to) }
  }

  #violation(kind: ViolationKind, property: string, at: number): Violation<State> {
    return { kind, property, trace: toTrace(this.#model, this.graph, at) }
  }
}

function tooMany(model: string, maxStates: number): BanyanError {
  return new BanyanError('RESOURCE_EXHAUSTED', `the model "${model}" has more than maxStates (${maxStates}) states`, {
    reason: 'TOO_MANY_STATES',
    hint: 'bound what grows in it (counters, queues, faults), give equal states one key, or raise maxStates',
  })
}
