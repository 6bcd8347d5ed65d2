// The source text of a declaration as a reader of the reference wants it: bodies, private members and linters' remarks
// left out, the docstrings of members kept, since they say what the types cannot.
import type { Class, VariableDeclaration } from 'oxc-parser'
import type { Node, SourceFile } from '../source/parse.ts'
import { commentAbove } from './docstring.ts'
import type { Declared } from './exports.ts'

const maxValueLength = 160

/** The signatures of a name, one after the other. */
export function signatureOf(declared: Declared): string {
  const { file, name, statements } = declared
  const nodes = statements.map((node) => (node.type === 'ExportNamedDeclaration' ? node.declaration : node) as Node)
  const overloads = nodes.filter((node) => node.type === 'TSDeclareFunction')
  // With overloads, the implementation's signature is nobody's business.
  const shown = overloads.length > 0 ? nodes.filter((node) => node.type !== 'FunctionDeclaration') : nodes
  return tidy(shown.map((node) => printed(file, node, name)).join('\n'))
}

function printed(file: SourceFile, node: Node, name: string): string {
  if (node.type === 'FunctionDeclaration') return upTo(file, node, node.body)
  if (node.type === 'ClassDeclaration') return printedClass(file, node)
  if (node.type === 'VariableDeclaration') return printedVariable(file, node, name)
  return file.text.slice(node.start, node.end)
}

function upTo(file: SourceFile, node: Node, end: Node | null): string {
  return file.text.slice(node.start, end?.start ?? node.end).trimEnd()
}

function printedClass(file: SourceFile, node: Class): string {
  const members = node.body.body.filter(isPublic).map((member) => {
    const comment = commentAbove(file, member)
    const doc = comment === undefined ? '' : `  ${file.text.slice(comment.start, comment.end)}\n`
    return `${doc}  ${printedMember(file, member)}`
  })
  return [`${upTo(file, node, node.body)} {`, ...members, '}'].join('\n')
}

function isPublic(member: Node): boolean {
  if (member.type === 'StaticBlock') return false
  const key = 'key' in member ? member.key : null
  if (key !== null && (key as Node).type === 'PrivateIdentifier') return false
  return !('accessibility' in member) || member.accessibility === null || member.accessibility === 'public'
}

function printedMember(file: SourceFile, member: Node): string {
  if (member.type === 'MethodDefinition') return upTo(file, member, member.value.body)
  if (member.type === 'PropertyDefinition' && member.value !== null && member.typeAnnotation)
    return file.text.slice(member.start, member.typeAnnotation.end)
  return file.text.slice(member.start, member.end)
}

function printedVariable(file: SourceFile, node: VariableDeclaration, name: string): string {
  const declarator = node.declarations.find(({ id }) => id.type === 'Identifier' && id.name === name)
  if (declarator === undefined) return ''
  const head = `${node.kind} ${file.text.slice(declarator.id.start, declarator.id.end)}`
  const { init } = declarator
  if (init === null) return head
  if (init.type === 'ArrowFunctionExpression') return `${head} = ${upTo(file, init, init.body)} …`
  const value = file.text.slice(init.start, init.end)
  // The value of something that has a type is worth a place only where it is a plain number or text: a default.
  const typed = declarator.id.type === 'Identifier' && declarator.id.typeAnnotation
  if (typed && !/^[\w\s'"+*().-]{1,60}$/.test(value)) return head
  return `${head} = ${value.length > maxValueLength ? '…' : value}`
}

function tidy(text: string): string {
  const lines = text.split('\n').filter((line) => !/^\s*\/\/ biome-ignore/.test(line))
  return lines.join('\n').replace(/\{@link ([^}]+)\}/g, '$1')
}
