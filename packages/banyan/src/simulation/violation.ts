/**
 * How a property fails: the shortest way from a start to where it does, and for what never comes the circle in which everything
 * goes on for ever. Printed for people, with what changed at each step.
 */
import type { Model } from './model.ts'
import type { StateGraph } from './state-graph.ts'
import { toStateKey } from './state-key.ts'

/** One line of a counterexample. */
export interface TraceStep<State> {
  /** What happened; undefined for the state at the start. */
  readonly action: string | undefined
  readonly state: State
}

/** What kind of property failed. */
export type ViolationKind = 'invariant' | 'step' | 'deadlock' | 'reachable' | 'eventually'

/** A property that does not hold, and how one gets there. */
export interface Violation<State> {
  readonly kind: ViolationKind
  /** The property's name. */
  readonly property: string
  /** From a start; no shorter one leads to a state that fails. */
  readonly trace: readonly TraceStep<State>[]
  /** For `eventually`: what can go on for ever after the trace without the goal. Empty when nothing happens any more. */
  readonly loop?: readonly TraceStep<State>[]
}

/** The way to a state as the lines of a trace. */
export function toTrace<State>(model: Model<State>, graph: StateGraph<State>, to: number): TraceStep<State>[] {
  return graph.path(to).map(({ state, action }) => ({
    action: model.actions[action]?.name,
    state: graph.states[state] as State,
  }))
}

const says: Readonly<Record<ViolationKind, string>> = {
  invariant: 'does not hold in the last state',
  step: 'does not hold of the last step',
  deadlock: 'nothing can happen in the last state, which is no end',
  reachable: 'no way leads there from the last state',
  eventually: 'need never happen',
}

/**
 * The counterexample as text: the property, and the steps that break it with what each of them changed.
 *
 * @example
 * const report = checkModel({
 *   name: 'counter',
 *   initial: [{ n: 0 }],
 *   actions: [{ name: 'count', guard: () => true, effect: ({ n }) => ({ n: n + 1 }) }],
 *   invariants: [{ name: 'n stays below 2', holds: ({ n }) => n < 2 }],
 * })
 * if (report.violation) formatViolation(report.violation)
 */
export function formatViolation<State>(violation: Violation<State>, describe?: (state: State) => string): string {
  const head = `${violation.property}: ${says[violation.kind]}`
  const lines = formatTrace(violation.trace, undefined, describe)
  if (violation.loop === undefined) return [head, ...lines].join('\n')
  const last = violation.trace.at(-1)?.state
  const loop = violation.loop.length === 0 ? ['nothing more need happen'] : formatTrace(violation.loop, last, describe)
  return [head, ...lines, 'and then for ever:', ...loop].join('\n')
}

function formatTrace<State>(
  trace: readonly TraceStep<State>[],
  before: State | undefined,
  describe: ((state: State) => string) | undefined,
): string[] {
  return trace.map(({ action, state }, index) => {
    const previous = trace[index - 1]?.state ?? before
    const text = describe?.(state) ?? changes(previous, state)
    return `${String(index).padStart(3)}  ${action ?? 'at the start'}\n     ${text.replaceAll('\n', '\n     ')}`
  })
}

function changes(before: unknown, after: unknown): string {
  if (typeof after !== 'object' || after === null || Array.isArray(after)) return toStateKey(after)
  const old = new Map(Object.entries(before ?? {}))
  const changed = Object.entries(after).filter(
    ([name, value]) => !old.has(name) || toStateKey(old.get(name)) !== toStateKey(value),
  )
  return changed.map(([name, value]) => `${name}: ${toStateKey(value)}`).join(', ')
}
