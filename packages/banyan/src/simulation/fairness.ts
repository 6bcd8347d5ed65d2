/**
 * Is the goal reached, whatever happens? Not if a run can stay for ever among states without it, and not unfairly: an action
 * that stays possible all the while must have been taken. Such a run ends up in a strongly connected component of the states
 * without the goal in which each fair action is either taken or, somewhere, not possible. A single state where no fair action is
 * possible is one too: nothing more need happen there.
 *
 * Weak fairness as in L. Lamport, "The Temporal Logic of Actions" (1994); the search by components as in TLC.
 */
import { findComponent } from './components.ts'
import type { Goal, Model } from './model.ts'
import type { StateGraph } from './state-graph.ts'
import { type TraceStep, toTrace, type Violation } from './violation.ts'

/** The first fair way to miss the goal for ever; undefined when there is none. */
export function checkEventually<State>(
  model: Model<State>,
  graph: StateGraph<State>,
  goal: Goal<State>,
): Violation<State> | undefined {
  const missing = reachedWithout(graph, goal)
  const fair = model.actions.flatMap((action, index) => (action.fair === false ? [] : [index]))
  let found: readonly number[] | undefined
  findComponent(
    graph,
    (state) => missing[state] === 1,
    (component) => {
      if (!isFair(graph, component, fair)) return false
      found = component
      return true
    },
  )
  if (found === undefined) return undefined
  const entry = found.reduce((least, state) => Math.min(least, state))
  const loop = loopFrom(model, graph, entry, new Set(found))
  return { kind: 'eventually', property: goal.name, trace: toTrace(model, graph, entry), loop }
}

// The states that a run can be in that began where the goal was due and has not met it since.
function reachedWithout<State>(graph: StateGraph<State>, goal: Goal<State>): Uint8Array {
  const missing = new Uint8Array(graph.states.length)
  const queue: number[] = []
  const add = (index: number): void => {
    if (missing[index] === 1 || goal.goal(graph.states[index] as State)) return
    missing[index] = 1
    queue.push(index)
  }
  for (const [index, state] of graph.states.entries()) if (goal.from?.(state) ?? true) add(index)
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) graph.forEachStep(state, add)
  return missing
}

function isFair<State>(graph: StateGraph<State>, component: readonly number[], fair: readonly number[]): boolean {
  const members = new Set(component)
  const taken = new Set<number>()
  const possible = new Map<number, number>()
  for (const state of members) {
    const here = new Set<number>()
    graph.forEachStep(state, (to, action) => {
      here.add(action)
      if (members.has(to)) taken.add(action)
    })
    for (const action of here) possible.set(action, (possible.get(action) ?? 0) + 1)
  }
  return fair.every((action) => taken.has(action) || possible.get(action) !== members.size)
}

// One round inside the component, the shortest back to its first state: enough to see what goes on.
function loopFrom<State>(
  model: Model<State>,
  graph: StateGraph<State>,
  entry: number,
  members: ReadonlySet<number>,
): TraceStep<State>[] {
  const cameBy = new Map<number, { from: number; action: number }>()
  const queue = [entry]
  for (const from of queue) {
    graph.forEachStep(from, (to, action) => {
      if (!members.has(to) || cameBy.has(to)) return
      cameBy.set(to, { from, action })
      queue.push(to)
    })
    if (cameBy.has(entry)) break
  }
  const loop: TraceStep<State>[] = []
  for (
    let at = cameBy.get(entry), state = entry;
    at !== undefined;
    at = state === entry ? undefined : cameBy.get(state)
  ) {
    loop.unshift({ action: model.actions[at.action]?.name, state: graph.states[state] as State })
    state = at.from
  }
  return loop
}
