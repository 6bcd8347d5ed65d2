/**
 * Strongly connected components: sets of states in which each can be reached from each other, so that a run can stay in them for
 * ever. Tarjan's algorithm (SIAM J. Comput. 1(2), 1972) with a stack of its own, since graphs are deeper than the call stack.
 */
import type { StateGraph } from './state-graph.ts'

interface Marks {
  /** In which order a state was met, from 1; 0 when it was not. */
  readonly met: Int32Array
  readonly low: Int32Array
  readonly open: Uint8Array
}

/** Calls `visit` for each component among the states that `inside` says, from the ends backwards; stops when it returns true. */
export function findComponent<State>(
  graph: StateGraph<State>,
  inside: (state: number) => boolean,
  visit: (component: readonly number[]) => boolean,
): void {
  const size = graph.states.length
  const marks: Marks = { met: new Int32Array(size), low: new Int32Array(size), open: new Uint8Array(size) }
  const count = { met: 0 }
  for (let root = 0; root < size; root++) {
    if (marks.met[root] !== 0 || !inside(root)) continue
    if (walkFrom(root, graph, inside, marks, count, visit)) return
  }
}

function walkFrom<State>(
  root: number,
  graph: StateGraph<State>,
  inside: (state: number) => boolean,
  marks: Marks,
  count: { met: number },
  visit: (component: readonly number[]) => boolean,
): boolean {
  const { met, low, open } = marks
  const held: number[] = []
  const frames: { state: number; place: number }[] = []
  const enter = (state: number): void => {
    met[state] = low[state] = ++count.met
    open[state] = 1
    held.push(state)
    frames.push({ state, place: 0 })
  }
  const lower = (state: number, to: number): void => {
    if (to < (low[state] as number)) low[state] = to
  }
  enter(root)
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const { state } = frame
    if (frame.place < graph.countOf(state)) {
      const to = graph.stepAt(state, frame.place++)
      if (!inside(to)) continue
      if (met[to] === 0) enter(to)
      else if (open[to] === 1) lower(state, met[to] as number)
      continue
    }
    frames.pop()
    const parent = frames.at(-1)
    if (parent !== undefined) lower(parent.state, low[state] as number)
    if (low[state] !== met[state]) continue
    const component = held.splice(held.lastIndexOf(state))
    for (const member of component) open[member] = 0
    if (visit(component)) return true
  }
  return false
}
