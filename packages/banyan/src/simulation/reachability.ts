/**
 * Can the goal still be reached? Backwards from all goals along the steps that may be used; what is left over has no way there.
 */
import type { Goal, Model } from './model.ts'
import type { StateGraph } from './state-graph.ts'
import { toTrace, type Violation } from './violation.ts'

/** The state nearest to the start from which no way leads to the goal; undefined when there is none. */
export function checkReachable<State>(
  model: Model<State>,
  graph: StateGraph<State>,
  goal: Goal<State>,
): Violation<State> | undefined {
  const reaching = reachesGoal(model, graph, goal)
  const stuck = graph.states.findIndex((state, index) => reaching[index] === 0 && (goal.from?.(state) ?? true))
  if (stuck < 0) return undefined
  return { kind: 'reachable', property: goal.name, trace: toTrace(model, graph, stuck) }
}

// The steps turned round, as one list per target laid end to end: the counts first, then the places.
function reachesGoal<State>(model: Model<State>, graph: StateGraph<State>, goal: Goal<State>): Uint8Array {
  const size = graph.states.length
  const usable = model.actions.map((action) => goal.by?.(action) ?? true)
  const first = new Int32Array(size + 1)
  forEachUsable(graph, usable, (_, to) => raise(first, to + 1))
  for (let state = 0; state < size; state++) first[state + 1] = (first[state] as number) + (first[state + 1] as number)
  const next = first.slice()
  const from = new Int32Array(first[size] as number)
  forEachUsable(graph, usable, (source, to) => {
    from[raise(next, to)] = source
  })
  return flood(graph.states.map(goal.goal), first, from)
}

function raise(counts: Int32Array, index: number): number {
  const before = counts[index] as number
  counts[index] = before + 1
  return before
}

function forEachUsable<State>(
  graph: StateGraph<State>,
  usable: readonly boolean[],
  visit: (from: number, to: number) => void,
): void {
  for (let from = 0; from < graph.states.length; from++) {
    graph.forEachStep(from, (to, action) => {
      if (usable[action]) visit(from, to)
    })
  }
}

function flood(goals: readonly boolean[], first: Int32Array, from: Int32Array): Uint8Array {
  const reaching = Uint8Array.from(goals, Number)
  const queue = goals.flatMap((isGoal, state) => (isGoal ? [state] : []))
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    for (let place = first[state] as number; place < (first[state + 1] as number); place++) {
      const source = from[place] as number
      if (reaching[source] === 1) continue
      reaching[source] = 1
      queue.push(source)
    }
  }
  return reaching
}
