// One example made into a program: the names it uses are imported, `expression // value` becomes an assertion.
import type { Node } from '../source/parse.ts'
import { parseSource } from '../source/parse.ts'
import { withAssertions } from './assertions.ts'
import { freeNames } from './free-names.ts'

/** How far an example can be tried. */
export type Level = 'runs' | 'compiles' | 'parses'

/** An example as a module whose default export runs it. */
export interface Draft {
  readonly level: Level
  /** The module; empty when the example only parses. */
  readonly program: string
  /** Names that nothing gives, the reason why it only parses. */
  readonly missing: readonly string[]
  /** How many values it asserts. */
  readonly assertions: number
}

/** Where names come from. */
export interface Surroundings {
  /** The entry that exports a name. */
  readonly imports: (name: string) => string | undefined
  readonly stage: ReadonlySet<string>
  /** True where running it would reach for an engine. */
  readonly reachesOut: boolean
}

const placeholder = /\{\s*…\s*\}|…/g

/** Makes the program. Throws a SyntaxError for an example that is no code, however it is read. */
export function toDraft(id: string, text: string, surroundings: Surroundings): Draft {
  const reading = read(id, text)
  const free = freeNames(reading.body)
  const missing = free.filter((name) => surroundings.imports(name) === undefined && !surroundings.stage.has(name))
  const nothing = { level: 'parses', program: '', missing, assertions: 0 } as const
  if (reading.level === 'parses' || missing.length > 0) return nothing
  const asserted = withAssertions(reading.body)
  const imports = free.map((name) =>
    importOf(name, surroundings.stage.has(name) ? './stage.ts' : surroundings.imports(name)),
  )
  const body = asserted.text.replace(/^export (?:default )?/gm, '')
  const program = [
    `// ${id}`,
    `import { expect as expected } from 'vitest'`,
    ...imports,
    'export default async function run(): Promise<void> {',
    body,
    '}',
    '',
  ].join('\n')
  const level = surroundings.reachesOut ? 'compiles' : reading.level
  return { level, program, missing, assertions: asserted.count }
}

function importOf(name: string, from: string | undefined): string {
  return `import { ${name} } from '${from}'`
}

interface Reading {
  readonly body: string
  readonly level: Level
}

// As statements, as members of an object, as the `catch` of a `try`; then with the places left open filled.
function read(id: string, text: string): Reading {
  const filled = text.replace(placeholder, (found) => (found === '…' ? 'undefined' : '{}'))
  const readings: readonly Reading[] = [
    ...(text.startsWith('catch ') ? [{ body: `try {} ${text}`, level: 'compiles' } as const] : asCode(text, 'runs')),
    ...asCode(filled, 'parses'),
  ]
  const found = readings.find(({ body }) => isCode(body))
  if (found === undefined) throw new SyntaxError(`the example of ${id} is no code, however it is read:\n${text}`)
  return found
}

function asCode(text: string, level: Level): Reading[] {
  const members = { body: `void ({\n${text}\n})`, level }
  const statements = { body: text, level }
  // `placed: event(…)` would pass for a labelled statement.
  return /^\w+:/.test(text) ? [members, statements] : [statements, members]
}

function isCode(body: string): boolean {
  try {
    const { program } = parseSource(
      'example.ts',
      `async function run() {\n${body.replace(/^export (?:default )?/gm, '')}\n}`,
    )
    return (program.body as readonly Node[]).length === 1
  } catch {
    return false
  }
}
