/**
 * The check of a model: every reachable state is looked at, then what must stay possible, then what must happen. Exhaustive
 * within the model's own bounds; it says nothing about what the model leaves out.
 */
import { BanyanError } from '../core/index.ts'
import { explore } from './explore.ts'
import { checkEventually } from './fairness.ts'
import type { Model } from './model.ts'
import { checkReachable } from './reachability.ts'
import { formatViolation, type Violation } from './violation.ts'

/** More states than this are refused, unless the caller allows them: they are all kept in memory. */
export const defaultMaxStates = 1_000_000

/** How a model is checked. */
export interface CheckOptions {
  /** Default {@link defaultMaxStates}. */
  readonly maxStates?: number
}

/** What a check found. */
export interface CheckReport<State> {
  /** Different states that were reached; all there are when there is no violation. */
  readonly states: number
  /** Steps between them. */
  readonly transitions: number
  /** Steps from a start to the state that is farthest away. */
  readonly depth: number
  /** The first property that does not hold, with the shortest way to where it fails. */
  readonly violation: Violation<State> | undefined
}

/**
 * Explores every reachable state of a model and checks its properties: invariants and steps as states are found (so their
 * counterexamples are shortest), then `reachable`, then `eventually`.
 *
 * Throws RESOURCE_EXHAUSTED (`TOO_MANY_STATES`) beyond `maxStates`, and INVALID_ARGUMENT for a model with two actions of one
 * name, without an initial state, or one that is `symmetric` and has `eventually`.
 *
 * @example
 * const report = checkModel({
 *   name: 'two doors',
 *   initial: [{ left: false, right: false }],
 *   actions: [
 *     { name: 'open left', guard: ({ left }) => !left, effect: (state) => ({ ...state, left: true }) },
 *     { name: 'open right', guard: ({ right }) => !right, effect: (state) => ({ ...state, right: true }) },
 *   ],
 *   invariants: [{ name: 'one door stays shut', holds: ({ left, right }) => !(left && right) }],
 * })
 * report.violation?.trace.length // 3
 */
export function checkModel<State>(model: Model<State>, options: CheckOptions = {}): CheckReport<State> {
  assertWellFormed(model)
  const { graph, violation } = explore(model, options.maxStates ?? defaultMaxStates)
  const { transitions, depth } = graph
  return { states: graph.states.length, transitions, depth, violation: violation ?? liveness() }

  function liveness(): Violation<State> | undefined {
    for (const goal of model.reachable ?? []) {
      const found = checkReachable(model, graph, goal)
      if (found !== undefined) return found
    }
    for (const goal of model.eventually ?? []) {
      const found = checkEventually(model, graph, goal)
      if (found !== undefined) return found
    }
    return undefined
  }
}

/**
 * The same, but throws a FAILED_PRECONDITION (`MODEL_VIOLATED`) whose message is the counterexample when a property fails.
 *
 * @example
 * const counter = {
 *   name: 'counter',
 *   initial: [0],
 *   actions: [{ name: 'count', guard: (n: number) => n < 9, effect: (n: number) => n + 1 }],
 * }
 * assertModel(counter).depth // 9
 */
export function assertModel<State>(model: Model<State>, options: CheckOptions = {}): CheckReport<State> {
  const report = checkModel(model, options)
  if (report.violation === undefined) return report
  const text = formatViolation(report.violation, model.describe)
  throw new BanyanError('FAILED_PRECONDITION', `the model "${model.name}" fails\n${text}`, { reason: 'MODEL_VIOLATED' })
}

function assertWellFormed<State>(model: Model<State>): void {
  const refuse = (rule: string): never => {
    throw new BanyanError('INVALID_ARGUMENT', `the model "${model.name}" ${rule}`)
  }
  if (model.initial.length === 0) refuse('has no initial state')
  const seen = new Set<string>()
  for (const { name } of model.actions) {
    if (seen.has(name)) refuse(`has two actions named "${name}"; name what differs`)
    seen.add(name)
  }
  if (model.symmetric === true && (model.eventually?.length ?? 0) > 0) {
    refuse('is symmetric and has eventually: fairness is by action, and symmetry mixes whose they are')
  }
}
