// The comment above a declaration, taken apart: text, examples, other tags.
import type { Comment } from 'oxc-parser'
import type { Node, SourceFile } from '../source/parse.ts'

/** A docstring. */
export interface Docstring {
  /** Everything before the first tag. */
  readonly text: string
  /** The bodies of the `@example` blocks. */
  readonly examples: readonly string[]
  /** Other tags, as `throws` → its text. */
  readonly tags: readonly (readonly [name: string, text: string])[]
}

/** Reads the text between the comment's stars. */
export function parseDocstring(value: string): Docstring {
  const lines = value.split('\n').map((line) => line.replace(/^\s*\*? ?/, ''))
  const [text = '', ...rest] = lines
    .join('\n')
    .trim()
    .split(/^@(?=[a-z])/m)
  const tags = rest.map((block) => {
    const [, name = '', body = ''] = /^([a-z]+)\s?([\s\S]*)$/i.exec(block) ?? []
    return [name, body.trim()] as const
  })
  return {
    text: text.trim(),
    examples: tags.flatMap(([name, body]) => (name === 'example' ? [body] : [])),
    tags: tags.filter(([name]) => name !== 'example'),
  }
}

/** The comment that documents a node: directly above it, or with line comments (of linters) in between. */
export function commentAbove(file: SourceFile, node: Node): Comment | undefined {
  const above = file.comments.filter((comment) => isDoc(comment) && comment.end <= node.start).at(-1)
  if (above === undefined) return undefined
  const between = file.text.slice(above.end, node.start)
  if (!/^(?:\s|\/\/.*)*$/.test(between)) return undefined
  // A file opens with a comment of its own; a blank line sets it apart from the first declaration.
  return above.start === 0 && /\n\s*\n/.test(between) ? undefined : above
}

/** The comment a file opens with, whichever its form. */
export function openingText(file: SourceFile): Docstring {
  const [first] = file.comments
  if (first === undefined || file.text.slice(0, first.start).trim() !== '') return parseDocstring('')
  if (first.type === 'Block') return parseDocstring(first.value)
  const lines = /^(?:\/\/.*\n)+/.exec(file.text)?.[0] ?? ''
  return parseDocstring(lines.replace(/^\/\/ ?/gm, ''))
}

/** All docstrings inside a node: those of members. */
export function docstringsWithin(file: SourceFile, node: Node): Docstring[] {
  const inside = file.comments.filter((comment) => comment.start > node.start && comment.end < node.end)
  return inside.filter(isDoc).map((comment) => parseDocstring(comment.value))
}

function isDoc(comment: Comment): boolean {
  return comment.type === 'Block' && comment.value.startsWith('*')
}
