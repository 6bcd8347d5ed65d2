// The shape of the workspace as rules over its import graph. What may import what is data (packages/banyan/layers.ts);
// what is forbidden everywhere is here.
import { isBuiltin } from 'node:module'
import { isShipped, type Sources, type Violation } from '../source/sources.ts'
import { fileCycles, folderCycles } from './cycles.ts'
import { createGraph, type Edge, type Graph, splitSpecifier } from './graph.ts'

/** The shape to hold: see packages/banyan/layers.ts. */
export interface Shape {
  /** The folder whose sub-folders the layers are, for example `packages/banyan/src`. */
  readonly source: string
  readonly layers: Readonly<Record<string, { readonly imports: readonly string[]; readonly browser?: true }>>
  /** Top folders, left to right; each imports only itself and those to its left. */
  readonly tiers: readonly string[]
}

/** Every way in which the sources leave the shape. Tests and their support may import across it; what is shipped imports none of them. */
export function checkLayers(sources: Sources, shape: Shape): Violation[] {
  const graph = createGraph(sources)
  const shipped = graph.edges.filter((edge) => isShipped(edge.from))
  return [
    ...shapeFaults(shape),
    ...shipped.flatMap((edge) => folderFault(edge, shape)),
    ...shipped.flatMap((edge) => tierFault(edge, graph, shape)),
    ...shipped.flatMap((edge) => undeclared(edge, graph)),
    ...shipped.flatMap(testImport),
    ...graph.edges.flatMap((edge) => internalPath(edge, graph)),
    ...fileCycles(graph),
    ...folderCycles(graph),
    ...browserFaults(graph, shape),
  ]
}

// A layer may import only layers listed before it, so the table itself cannot go round.
function shapeFaults(shape: Shape): Violation[] {
  const names = Object.keys(shape.layers)
  return names.flatMap((name, position) => {
    const wrong = shape.layers[name]?.imports.filter((target) => !names.slice(0, position).includes(target)) ?? []
    return wrong.map((target) => {
      const message = `layer ${name} may import ${target}, which is not listed before it`
      return { rule: 'layer-order', path: shape.source, line: 0, message }
    })
  })
}

function layerOf(file: string | undefined, shape: Shape): string | undefined {
  if (!file?.startsWith(`${shape.source}/`)) return undefined
  const parts = file.slice(shape.source.length + 1).split('/')
  return parts.length > 1 ? parts[0] : '(root)'
}

function folderFault(edge: Edge, shape: Shape): Violation[] {
  const from = layerOf(edge.from, shape)
  const to = layerOf(edge.to, shape)
  if (from === undefined || from === '(root)') return []
  const layer = shape.layers[from]
  if (layer === undefined)
    return [fault('layer', edge, `folder ${from} is not in layers.ts; say there what it may import`)]
  if (to === undefined || to === from || layer.imports.includes(to)) return []
  return [
    fault('layer', edge, `${from} may import ${layer.imports.join(', ') || 'nothing'}, not ${to} (${edge.specifier})`),
  ]
}

function tierFault(edge: Edge, graph: Graph, shape: Shape): Violation[] {
  const target = edge.to ?? graph.manifests.find((item) => item.name === splitSpecifier(edge.specifier).name)?.folder
  const from = shape.tiers.indexOf(edge.from.split('/')[0] ?? '')
  if (target === undefined || from === -1) return []
  const top = target.split('/')[0] ?? ''
  const to = shape.tiers.indexOf(top)
  if (to !== -1 && to <= from) return []
  const order = shape.tiers.join(' ← ')
  return [fault('tier', edge, `${shape.tiers[from]} must not import ${top} (${edge.specifier}); the order is ${order}`)]
}

function internalPath(edge: Edge, graph: Graph): Violation[] {
  const home = graph.packageOf(edge.from)
  if (edge.specifier.startsWith('.')) {
    const target = graph.packageOf(edge.to ?? '')
    if (home === target || (edge.to !== undefined && !graph.files.includes(edge.to))) return []
    return [
      fault('internal-path', edge, `${edge.specifier} reaches into ${target?.name}; import it by a name it exports`),
    ]
  }
  const { name, subpath } = splitSpecifier(edge.specifier)
  const target = graph.manifests.find((item) => item.name === name)
  if (target === undefined || target.exports.has(subpath)) return []
  const known = [...target.exports.keys()].join(', ')
  return [fault('internal-path', edge, `${edge.specifier} is not exported by ${name}, which exports ${known}`)]
}

function testImport(edge: Edge): Violation[] {
  if (edge.to === undefined || isShipped(edge.to)) return []
  return [fault('test-import', edge, `${edge.specifier} belongs to tests and is not shipped`)]
}

// Only packages that are published must carry what they need; tools and benchmarks live off the root.
function undeclared(edge: Edge, graph: Graph): Violation[] {
  const home = graph.packageOf(edge.from)
  if (!/^(?:packages|adapters|apps)\//.test(home?.folder ?? '') || !/\/src\//.test(edge.from)) return []
  if (edge.specifier.startsWith('.') || isBuiltin(edge.specifier)) return []
  const { name } = splitSpecifier(edge.specifier)
  if (name === home?.name || home?.dependencies.has(name)) return []
  return [fault('undeclared', edge, `${name} is not a dependency in ${home?.folder}/package.json`)]
}

// Follows value imports from every browser-safe folder: type imports are erased before a browser sees them.
function browserFaults(graph: Graph, shape: Shape): Violation[] {
  const safe = (file: string): boolean => shape.layers[layerOf(file, shape) ?? '']?.browser === true && isShipped(file)
  const reached = new Map<string, string[]>(graph.files.filter(safe).map((file) => [file, [file]]))
  const faults: Violation[] = []
  for (const [file, way] of reached) {
    for (const edge of graph.edgesOf(file)) {
      if (edge.typeOnly) continue
      if (isBuiltin(edge.specifier) || edge.specifier === 'undici') {
        faults.push(
          fault('browser', edge, `${edge.specifier} does not exist in a browser; reached by ${way.join(' → ')}`),
        )
      }
      if (edge.to !== undefined && !reached.has(edge.to)) reached.set(edge.to, [...way, edge.to])
    }
  }
  return faults
}

function fault(rule: string, edge: Edge, message: string): Violation {
  return { rule, path: edge.from, line: edge.line, message }
}
