// Finding circles in what imports what: between files, and between the entries of one folder.
import { isShipped, type Violation } from '../source/sources.ts'
import type { Edge, Graph } from './graph.ts'

type Arrows = ReadonlyMap<string, ReadonlyMap<string, Edge>>

/** No file reaches itself through imports, type imports included. */
export function fileCycles(graph: Graph): Violation[] {
  const arrows = collect(graph.edges, (edge) => (edge.to === undefined ? undefined : [edge.from, edge.to]))
  return cycles(arrows).map((knot) => violation('file-cycle', knot, arrows))
}

/**
 * At every level, the entries of a folder (its files, its folders as wholes) form no circle either: `a/x → b/y` and
 * `b/z → a/w` is one, although no file is in a circle. Only below a package's `src`; examples are left out, where two
 * services rightly know each other's contracts.
 */
export function folderCycles(graph: Graph): Violation[] {
  const levels = new Map<string, Edge[]>()
  for (const edge of graph.edges) {
    if (edge.to === undefined || !isShipped(edge.from) || edge.from.startsWith('examples/')) continue
    const shared = sharedFolder(edge.from, edge.to)
    if (/\/src(?:\/|$)/.test(shared)) levels.set(shared, [...(levels.get(shared) ?? []), edge])
  }
  return [...levels].flatMap(([folder, edges]) => {
    const entry = (file: string): string => `${folder}/${file.slice(folder.length + 1).split('/')[0]}`
    const arrows = collect(edges, (edge) => [entry(edge.from), entry(edge.to ?? '')])
    const found = cycles(arrows).filter((knot) => knot.circle.some((name) => !name.endsWith('.ts')))
    return found.map((knot) => violation('folder-cycle', knot, arrows))
  })
}

function sharedFolder(a: string, b: string): string {
  const left = a.split('/').slice(0, -1)
  const right = b.split('/').slice(0, -1)
  let depth = 0
  while (depth < left.length && left[depth] === right[depth]) depth += 1
  return left.slice(0, depth).join('/')
}

function collect(edges: readonly Edge[], ends: (edge: Edge) => [string, string] | undefined): Arrows {
  const arrows = new Map<string, Map<string, Edge>>()
  for (const edge of edges) {
    const [from, to] = ends(edge) ?? []
    if (from === undefined || to === undefined) continue
    const targets = arrows.get(from) ?? new Map<string, Edge>()
    arrows.set(from, targets.has(to) ? targets : targets.set(to, edge))
  }
  return arrows
}

/** One knot of things that all reach each other, and one circle in it. */
interface Knot {
  readonly members: number
  readonly circle: readonly string[]
}

// Strongly connected components, by Tarjan: one knot is one fault, however many circles run through it.
function cycles(arrows: Arrows): Knot[] {
  const found: Knot[] = []
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const visit = (node: string): number => {
    order.set(node, order.size)
    low.set(node, order.size - 1)
    stack.push(node)
    for (const target of arrows.get(node)?.keys() ?? []) {
      const reach = order.has(target) ? (stack.includes(target) ? order.get(target) : undefined) : visit(target)
      low.set(node, Math.min(low.get(node) ?? 0, reach ?? Number.POSITIVE_INFINITY))
    }
    if (low.get(node) === order.get(node)) {
      const members = stack.splice(stack.indexOf(node))
      if (members.length > 1 || arrows.get(node)?.has(node))
        found.push({ members: members.length, circle: shortest(arrows, members) })
    }
    return low.get(node) ?? 0
  }
  for (const node of arrows.keys()) if (!order.has(node)) visit(node)
  return found
}

// The shortest way from any member back to itself, breadth first.
function shortest(arrows: Arrows, members: readonly string[]): string[] {
  const ways = members.flatMap((start) => {
    const came = new Map<string, string>()
    const queue = [start]
    for (const node of queue) {
      for (const target of arrows.get(node)?.keys() ?? []) {
        if (target === start) return [backwards(came, node)]
        if (came.has(target)) continue
        came.set(target, node)
        queue.push(target)
      }
    }
    return []
  })
  return ways.sort((a, b) => a.length - b.length)[0] ?? []
}

function backwards(came: ReadonlyMap<string, string>, end: string): string[] {
  const way = [end]
  for (let node = came.get(end); node !== undefined; node = came.get(node)) way.unshift(node)
  return way
}

function violation(rule: string, knot: Knot, arrows: Arrows): Violation {
  const { circle, members } = knot
  const closing = arrows.get(circle.at(-1) ?? '')?.get(circle[0] ?? '')
  const more = members > circle.length ? ` (${members} are tied together, this is the shortest way round)` : ''
  const message = `imports go round: ${[...circle, circle[0]].join(' → ')}${more}`
  return { rule, path: closing?.from ?? '', line: closing?.line ?? 0, message }
}
