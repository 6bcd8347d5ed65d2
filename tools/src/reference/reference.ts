// The reference: one page per entry, made from the source alone, so that it cannot say anything else than the code. A
// name is described on one page, that of the entry whose folder declares it; other entries that export it link there.
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { Comment } from 'oxc-parser'
import { commentAbove, type Docstring, openingText, parseDocstring } from './docstring.ts'
import { type Entry, readEntries } from './entries.ts'
import { createModuleGraph, type Declared } from './exports.ts'

/** An exported name, on the page that describes it. */
export interface PublicSymbol {
  readonly name: string
  readonly declared: Declared
  readonly docstring: Docstring | undefined
  /** The entry whose page describes it. */
  readonly home: Entry
  /** The heading it has there. */
  readonly anchor: string
}

/** An entry and all that it exports. */
export interface EntrySymbols {
  readonly entry: Entry
  readonly opening: Docstring
  readonly symbols: readonly PublicSymbol[]
}

/** Reads every entry below `root`. Sorted by name, letters before case. */
export function readReference(root: string): readonly EntrySymbols[] {
  const graph = createModuleGraph((path) => readFileSync(join(root, path), 'utf8'))
  const entries = readEntries(root)
  const exported = entries.map((entry) => ({ entry, names: graph.exportsOf(entry.index) }))
  return exported.map(({ entry, names }) => {
    const taken = new Map<string, number>()
    const symbols = [...names].sort(byName).map(([name, declared]) => {
      const exporting = exported.filter((other) => sameDeclaration(other.names.get(name), declared))
      const home = homeOf(
        declared,
        exporting.map((other) => other.entry),
      )
      return { name, declared, docstring: docstringOf(declared), home: home ?? entry, anchor: '' }
    })
    const anchored = symbols.map((symbol) => (symbol.home === entry ? withAnchor(symbol, taken) : symbol))
    return { entry, opening: openingText(graph.file(entry.index)), symbols: anchored }
  })
}

function sameDeclaration(one: Declared | undefined, other: Declared): boolean {
  return one !== undefined && one.file === other.file && one.name === other.name
}

/** The entry whose folder is nearest to the file. */
function homeOf(declared: Declared, exporting: readonly Entry[]): Entry | undefined {
  const near = (entry: Entry): number => {
    const folder = `${posix.dirname(entry.index)}/`
    return declared.file.path.startsWith(folder) ? folder.length : 0
  }
  return [...exporting].sort((one, other) => near(other) - near(one))[0]
}

// As GitHub numbers headings that are the same but for case: `event`, `event-1`.
function withAnchor(symbol: PublicSymbol, taken: Map<string, number>): PublicSymbol {
  const slug = symbol.name.toLowerCase().replace(/[^\w-]/g, '')
  const before = taken.get(slug) ?? 0
  taken.set(slug, before + 1)
  return { ...symbol, anchor: before === 0 ? slug : `${slug}-${before}` }
}

function docstringOf({ file, statements }: Declared): Docstring | undefined {
  const comment = statements
    .map((statement) => commentAbove(file, statement))
    .find((found): found is Comment => found !== undefined)
  if (comment === undefined) return undefined
  const docstring = parseDocstring(comment.value)
  const [pointer, ...rest] = docstring.text.split(/(?<=\.)\s+/)
  if (pointer !== 'See the top of the file.') return docstring
  // There is no top of the file in the reference: what stands there is said here.
  return { ...docstring, text: [openingText(file).text, rest.join(' ')].join('\n\n').trim() }
}

type Named = readonly [name: string, declared: Declared]

function byName([one]: Named, [other]: Named): number {
  return compare(one.toLowerCase(), other.toLowerCase()) || compare(one, other)
}

function compare(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}

/** `specifier#name` of everything that has no docstring, each once. */
export function undocumented(reference: readonly EntrySymbols[]): string[] {
  const bare = reference.flatMap(({ symbols }) =>
    symbols
      .filter(({ docstring }) => (docstring?.text ?? '') === '')
      .map(({ home, name }) => `${home.specifier}#${name}`),
  )
  return [...new Set(bare)].sort()
}
