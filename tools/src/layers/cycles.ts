// Finding circles in what imports what: between files, and between the entries of one folder.
import { isTest, type Violation } from '../source/sources.ts'
import type { Edge, Graph } from './graph.ts'

type Arrows = ReadonlyMap<string, ReadonlyMap<string, Edge>>

/** No file reaches itself through imports, type imports included. */
export function fileCycles(graph: Graph): Violation[] {
  const arrows = collect(graph.edges, (edge) => (edge.to === undefined ? undefined : [edge.from, edge.to]))
  return cycles(arrows).map((cycle) => violation('file-cycle', cycle, arrows))
}

/**
 * At every level, the entries of a folder (its files, its folders as wholes) form no circle either: `a/x → b/y` and
 * `b/z → a/w` is one, although no file is in a circle. Only below a package's `src`; examples are left out, where two
 * services rightly know each other's contracts.
 */
export function folderCycles(graph: Graph): Violation[] {
  const levels = new Map<string, Edge[]>()
  for (const edge of graph.edges) {
    if (edge.to === undefined || isTest(edge.from) || edge.from.startsWith('examples/')) continue
    const shared = sharedFolder(edge.from, edge.to)
    if (/\/src(?:\/|$)/.test(shared)) levels.set(shared, [...(levels.get(shared) ?? []), edge])
  }
  return [...levels].flatMap(([folder, edges]) => {
    const entry = (file: string): string => `${folder}/${file.slice(folder.length + 1).split('/')[0]}`
    const arrows = collect(edges, (edge) => [entry(edge.from), entry(edge.to ?? '')])
    const found = cycles(arrows).filter((cycle) => cycle.some((name) => !name.endsWith('.ts')))
    return found.map((cycle) => violation('folder-cycle', cycle, arrows))
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

// Depth-first; each circle is reported once, at the arrow that closes it.
function cycles(arrows: Arrows): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  const path: string[] = []
  const visit = (node: string): void => {
    const at = path.indexOf(node)
    if (at !== -1) found.push(path.slice(at))
    if (at !== -1 || done.has(node)) return
    path.push(node)
    for (const target of arrows.get(node)?.keys() ?? []) visit(target)
    path.pop()
    done.add(node)
  }
  for (const node of arrows.keys()) visit(node)
  return found
}

function violation(rule: string, cycle: readonly string[], arrows: Arrows): Violation {
  const closing = arrows.get(cycle.at(-1) ?? '')?.get(cycle[0] ?? '')
  const round = [...cycle, cycle[0]].join(' → ')
  return { rule, path: closing?.from ?? '', line: closing?.line ?? 0, message: `imports go round: ${round}` }
}
