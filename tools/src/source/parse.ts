// One parse of a source file by oxc, and a walk over it that knows each node's parent. TypeScript 7 has no JavaScript
// API to speak of, and the checks need syntax only.
import { type Comment, type Node, type Program, parseSync, type StaticExport, visitorKeys } from 'oxc-parser'

export type { Node } from 'oxc-parser'

/** What a file imports, and whether the import is erased before the program runs. */
export interface Import {
  readonly specifier: string
  readonly typeOnly: boolean
  readonly line: number
}

/** A parsed file. Lines count from 1, offsets are those of the text. */
export interface SourceFile {
  readonly path: string
  readonly text: string
  readonly lines: readonly string[]
  readonly program: Program
  readonly comments: readonly Comment[]
  readonly imports: readonly Import[]
  lineOf(offset: number): number
}

/** Parses one file; a syntax error throws, since nothing can be said about such a file. */
export function parseSource(path: string, text: string): SourceFile {
  const parsed = parseSync(path, text)
  const fault = parsed.errors.find((error) => error.severity === 'Error')
  if (fault !== undefined) throw new SyntaxError(`${path}: ${fault.message}`)
  const lineOf = lineIndex(text)
  const found = (specifier: string, typeOnly: boolean, offset: number): Import => {
    return { specifier, typeOnly, line: lineOf(offset) }
  }
  const imports = parsed.module.staticImports.map((item) => {
    return found(item.moduleRequest.value, isErased(text, item.start), item.start)
  })
  imports.push(...parsed.module.staticExports.flatMap((item) => reexported(text, item, found)))
  walk(parsed.program, (node) => {
    if (node.type === 'ImportExpression') imports.push(...literal(node.source, false, found))
    if (node.type === 'TSImportType') imports.push(...literal(node.source, true, found))
    return true
  })
  return { path, text, lines: text.split('\n'), program: parsed.program, comments: parsed.comments, imports, lineOf }
}

/** Visits a node and all below it, parents first; `visit` returns false to leave out what is below. */
export function walk(node: Node, visit: (node: Node, parents: readonly Node[]) => boolean, parents: Node[] = []): void {
  if (!visit(node, parents)) return
  parents.push(node)
  for (const key of visitorKeys[node.type] ?? []) {
    const child = (node as unknown as Record<string, unknown>)[key]
    for (const item of Array.isArray(child) ? child : [child]) {
      if (item !== null && typeof item === 'object' && 'type' in item) walk(item as Node, visit, parents)
    }
  }
  parents.pop()
}

type Found = (specifier: string, typeOnly: boolean, offset: number) => Import

function reexported(text: string, item: StaticExport, found: Found): Import[] {
  const request = item.entries.find((entry) => entry.moduleRequest !== null)?.moduleRequest
  return request ? [found(request.value, isErased(text, item.start), item.start)] : []
}

// Under verbatimModuleSyntax only `import type` and `export type` vanish; `import { type A }` still loads the module.
function isErased(text: string, start: number): boolean {
  return /^(?:import|export)\s+type\b(?!\s+from\b)/.test(text.slice(start, start + 40))
}

function literal(source: Node, typeOnly: boolean, found: Found): Import[] {
  return source.type === 'Literal' && typeof source.value === 'string'
    ? [found(source.value, typeOnly, source.start)]
    : []
}

function lineIndex(text: string): (offset: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}
