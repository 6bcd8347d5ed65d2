// The `@example` blocks of everything that is public, as programs. An example is believed and copied, so it has to hold.
// How far one can be tried depends on what it is: whole ones of the library run, those that need an engine or somebody
// else's error are compiled, and fragments must at least be syntax.

import { docstringsWithin } from './docstring.ts'
import { type Draft, toDraft } from './draft.ts'
import type { EntrySymbols } from './reference.ts'

/** One example, and the program that tries it. */
export interface Example extends Draft {
  /** `banyan/core#BanyanError`, with `(2)` when the name has more than one. */
  readonly id: string
}

/** All examples of the reference. `stage` are the names that examples may use without declaring them. */
export function readExamples(reference: readonly EntrySymbols[], stage: ReadonlySet<string>): readonly Example[] {
  const entries = new Map(reference.map(({ entry, symbols }) => [entry.specifier, new Set(symbols.map((s) => s.name))]))
  return reference.flatMap(({ entry, opening, symbols }) => {
    const own = symbols.filter((symbol) => symbol.home === entry)
    const found = own.flatMap((symbol) => textsOf(symbol).map((text, index) => [nameOf(symbol.name, index), text]))
    const all = [...opening.examples.map((text, index) => [nameOf('', index), text]), ...found]
    const reachesOut = !entry.specifier.startsWith('banyan')
    return all.map(([name = '', text = '']) => {
      const id = `${entry.specifier}#${name}`
      const from = [...new Set([entry.specifier, 'banyan', ...entries.keys()])]
      const imports = (wanted: string) => from.find((specifier) => entries.get(specifier)?.has(wanted))
      return { id, ...toDraft(id, text, { imports, stage, reachesOut }) }
    })
  })
}

type Symbols = EntrySymbols['symbols']

function textsOf({ declared, docstring }: Symbols[number]): string[] {
  const within = declared.statements.flatMap((statement) => docstringsWithin(declared.file, statement))
  return [docstring, ...within].flatMap((one) => one?.examples ?? [])
}

function nameOf(name: string, index: number): string {
  return index === 0 ? name : `${name} (${index + 1})`
}
