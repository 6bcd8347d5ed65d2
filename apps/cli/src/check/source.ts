/** One parsed file: its imports, wherever they stand, and a walk over its syntax. Types are not looked at: names and imports are enough. */
import { type Node, type Program, parseSync, visitorKeys } from 'oxc-parser'

export type { Node } from 'oxc-parser'

/** An import, of whichever kind: static, re-export, dynamic, of types only. */
export interface Import {
  readonly specifier: string
  readonly offset: number
  /** Local name → exported name; `*` for the whole module. */
  readonly names: ReadonlyMap<string, string>
}

/** See the top of the file. */
export interface Source {
  readonly path: string
  readonly program: Program
  readonly imports: readonly Import[]
  /** Line and column, counted from 1. */
  place(offset: number): { readonly line: number; readonly column: number }
}

/** Parses; a file that is no program is an error with its place. */
export function parseSourceFile(path: string, text: string): Source {
  const parsed = parseSync(path, text)
  const place = placer(text)
  const fault = parsed.errors.find((error) => error.severity === 'Error')
  if (fault !== undefined) {
    const { line, column } = place(fault.labels[0]?.start ?? 0)
    throw new SyntaxError(`${path}:${line}:${column}: ${fault.message}`)
  }
  const imports: Import[] = parsed.module.staticImports.map((item) => ({
    specifier: item.moduleRequest.value,
    offset: item.start,
    names: new Map(
      item.entries.map((entry) => [
        entry.localName.value,
        entry.importName.kind === 'NamespaceObject' ? '*' : (entry.importName.name ?? 'default'),
      ]),
    ),
  }))
  for (const item of parsed.module.staticExports) {
    const request = item.entries.find((entry) => entry.moduleRequest !== null)?.moduleRequest
    if (request) imports.push({ specifier: request.value, offset: item.start, names: new Map() })
  }
  walk(parsed.program, (node) => {
    const source = node.type === 'ImportExpression' || node.type === 'TSImportType' ? node.source : undefined
    if (source?.type === 'Literal' && typeof source.value === 'string')
      imports.push({ specifier: source.value, offset: node.start, names: new Map() })
  })
  return { path, program: parsed.program, imports, place }
}

/** Visits a node and everything below it, parents first. */
export function walk(node: Node, visit: (node: Node, parents: readonly Node[]) => void, parents: Node[] = []): void {
  visit(node, parents)
  parents.push(node)
  for (const key of visitorKeys[node.type] ?? []) {
    const child = (node as unknown as Record<string, unknown>)[key]
    for (const item of Array.isArray(child) ? child : [child])
      if (item !== null && typeof item === 'object' && 'type' in item) walk(item as Node, visit, parents)
  }
  parents.pop()
}

function placer(text: string): Source['place'] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}
