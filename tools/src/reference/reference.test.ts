// How the reference reads source text, on sources made up here.
import { describe, expect, it } from 'vitest'
import { parseSource } from '../source/parse.ts'
import { commentAbove, openingText, parseDocstring } from './docstring.ts'
import { createModuleGraph } from './exports.ts'
import { toPages } from './page.ts'
import type { EntrySymbols } from './reference.ts'
import { signatureOf } from './signature.ts'

const graphOf = (files: Record<string, string>) =>
  createModuleGraph((path) => {
    const text = files[path]
    if (text === undefined) throw new Error(`no file ${path}`)
    return text
  })

function signature(text: string, name: string): string {
  const declared = graphOf({ 'a.ts': text }).exportsOf('a.ts').get(name)
  if (declared === undefined) throw new Error(`'${name}' is not exported`)
  return signatureOf(declared)
}

describe('exports', () => {
  it('follows stars, names, renames and imports to the declaration', () => {
    const graph = graphOf({
      'src/index.ts': `export * from './deep/index.ts'\nexport { inner as outer, type Shape } from './deep/b.ts'`,
      'src/deep/index.ts': `import { inner } from './b.ts'\nexport { inner }\nexport type * from './c.ts'`,
      'src/deep/b.ts': 'export const inner = 1\ninterface Shape {}\nexport type { Shape }',
      'src/deep/c.ts': 'export type Far = string',
    })
    const found = [...graph.exportsOf('src/index.ts')].map(([name, { file, name: local }]) => [name, file.path, local])
    expect(found).toEqual([
      ['Far', 'src/deep/c.ts', 'Far'],
      ['inner', 'src/deep/b.ts', 'inner'],
      ['outer', 'src/deep/b.ts', 'inner'],
      ['Shape', 'src/deep/b.ts', 'Shape'],
    ])
  })

  it('ends on files that export each other', () => {
    const graph = graphOf({
      'a.ts': `export * from './b.ts'\nexport const a = 1`,
      'b.ts': `export * from './a.ts'\nexport const b = 2`,
    })
    expect([...graph.exportsOf('a.ts').keys()].sort()).toEqual(['a', 'b'])
  })

  it('refuses what it cannot show', () => {
    const of = (text: string) => () => graphOf({ 'a.ts': text, 'b.ts': '' }).exportsOf('a.ts')
    expect(of(`export * from 'other'`)).toThrow("re-exports 'other', another package")
    expect(of(`export { missing } from './b.ts'`)).toThrow("'missing' is exported and declared nowhere")
    expect(of('export { missing }')).toThrow("'missing' is exported and declared nowhere")
    expect(of(`export * as all from './b.ts'`)).toThrow("'export * as'")
  })
})

describe('signatures', () => {
  it('leaves bodies out', () => {
    expect(signature('export function add(a: number, b = 1): number {\n  return a + b\n}', 'add')).toBe(
      'function add(a: number, b = 1): number',
    )
    expect(signature('export const add = (a: number): number => a + 1', 'add')).toBe(
      'const add = (a: number): number => …',
    )
  })

  it('shows overloads instead of the implementation', () => {
    const text = 'export function f(a: string): string\nexport function f(a: unknown): unknown { return a }'
    expect(signature(text, 'f')).toBe('function f(a: string): string')
  })

  it('shows the public face of a class, with what is said of its members', () => {
    const text = `export class Box<T> extends Base implements Shape {
  #secret = 1
  private hidden = 2
  readonly size: number = 3
  static { start() }
  /** Opens it; see {@link Key}. */
  open(): T { return this.value }
  get value(): T { return 1 as never }
}`
    expect(signature(text, 'Box')).toBe(`class Box<T> extends Base implements Shape {
  readonly size: number
  /** Opens it; see Key. */
  open(): T
  get value(): T
}`)
  })

  it('shows values that are defaults, and no others', () => {
    expect(signature('export const maxBytes: number = 64 * 1024', 'maxBytes')).toBe(
      'const maxBytes: number = 64 * 1024',
    )
    expect(signature('export const table: Table = { a: { b: 1 } }', 'table')).toBe('const table: Table')
    expect(signature(`export const long = '${'x'.repeat(200)}'`, 'long')).toBe('const long = …')
  })

  it('shows a type and a value of one name', () => {
    expect(signature('export type A = string\nexport const A = 1', 'A')).toBe('type A = string\nconst A = 1')
  })

  it('keeps the docstrings of members and drops remarks for linters', () => {
    const text = 'export interface A {\n  /** B. */\n  // biome-ignore lint/x: reason\n  readonly b: string\n}'
    expect(signature(text, 'A')).toBe('interface A {\n  /** B. */\n  readonly b: string\n}')
  })
})

describe('docstrings', () => {
  it('are text, examples and other tags', () => {
    expect(
      parseDocstring('*\n * Does it.\n *\n * Twice.\n * @throws Error when not.\n * @example\n * do()\n *   // 2\n '),
    ).toEqual({
      text: 'Does it.\n\nTwice.',
      examples: ['do()\n  // 2'],
      tags: [['throws', 'Error when not.']],
    })
    expect(parseDocstring('* Short. ').text).toBe('Short.')
  })

  it('do not take an address for a tag', () => {
    expect(parseDocstring('* Write to me@example.org ').examples).toEqual([])
  })

  it('stand directly above, whatever linters have to say in between', () => {
    const file = parseSource('a.ts', '/** File. */\n\n/** A. */\n// biome-ignore x: y\nconst a = 1\nconst b = 2')
    const above = (file.program.body as readonly Parameters<typeof commentAbove>[1][]).map((node) =>
      commentAbove(file, node),
    )
    expect(above.map((comment) => comment?.value)).toEqual(['* A. ', undefined])
  })

  it('are not what a file opens with', () => {
    const file = parseSource('a.ts', '/** File. */\n\nconst a = 1')
    expect(commentAbove(file, file.program.body[0] as never)).toBeUndefined()
    expect(openingText(file).text).toBe('File.')
    expect(openingText(parseSource('a.ts', '// One\n// two.\nconst a = 1')).text).toBe('One\ntwo.')
  })
})

describe('pages', () => {
  const graph = graphOf({
    'packages/p/src/core/index.ts': `/** core: below. */\nexport interface Clock { now(): number }`,
    'packages/p/src/index.ts': `/** p: all. */\nexport * from './core/index.ts'\nexport const event = 1\nexport type Event = 2`,
  })
  const core = { specifier: 'p/core', page: 'core.md', index: 'packages/p/src/core/index.ts', about: '' }
  const root = { specifier: 'p', page: 'p.md', index: 'packages/p/src/index.ts', about: '' }
  const symbol = (name: string, home: typeof core, anchor: string, text: string) => {
    const declared = graph.exportsOf(home.index).get(name)
    if (declared === undefined) throw new Error(name)
    return { name, declared, docstring: parseDocstring(text), home, anchor }
  }
  const clock = symbol('Clock', core, 'clock', 'Time. More.')
  const event = symbol('event', root, 'event-1', 'Uses {@link Clock.now}, {@link Event} and {@link nothing}.')
  const reference: EntrySymbols[] = [
    {
      entry: root,
      opening: parseDocstring('p: all.'),
      symbols: [clock, symbol('Event', root, 'event', 'It.'), event],
    },
    { entry: core, opening: parseDocstring('core: below.'), symbols: [clock] },
  ]
  const pages = toPages(reference)

  it('describe a name once, and link there from elsewhere', () => {
    expect(pages.get('docs/reference/core.md')).toContain('### Clock\n\nTime. More.\n\n```ts\ninterface Clock')
    expect(pages.get('docs/reference/p.md')).not.toContain('### Clock')
    expect(pages.get('docs/reference/p.md')).toContain('- [`Clock`](core.md#clock): Time.')
  })

  it('resolve links to headings that exist, and leave the rest as code', () => {
    expect(pages.get('docs/reference/p.md')).toContain(
      'Uses [`Clock.now`](core.md#clock), [`Event`](#event) and `nothing`.',
    )
  })

  it('are listed', () => {
    expect(pages.get('docs/reference/README.md')).toContain('| [`p/core`](core.md) | 1 | core: below. |')
  })
})
