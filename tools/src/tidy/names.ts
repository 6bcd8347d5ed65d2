// Names say what a thing is. A folder or file of "utils" is a place where things are lost, an interface needs no I, and
// the one implementation of a thing is named for what is special about it, not Impl.
import type { Node } from 'oxc-parser'
import { type SourceFile, walk } from '../source/parse.ts'
import type { Violation } from '../source/sources.ts'
import { type Rule, reporter } from './rule.ts'

const words = /^(?:utils?|utilit(?:y|ies)|helpers?|common|misc|managers?)$/i
const kebab = /^[a-z0-9]+(?:[.-][a-z0-9]+)*$/

export const names: Rule = (file) => [...pathNames(file), ...declarationNames(file)]

function pathNames(file: SourceFile): Violation[] {
  const fault = (rule: string, message: string): Violation => ({ rule, path: file.path, line: 1, message })
  return file.path.split('/').flatMap((part) => {
    const vague = part.split(/[.-]/).find((word) => words.test(word))
    if (vague !== undefined) return [fault('vague-name', `"${vague}" says nothing; name ${part} for what it holds`)]
    return kebab.test(part) ? [] : [fault('kebab-case', `${part} is not kebab-case`)]
  })
}

function declarationNames(file: SourceFile): Violation[] {
  const report = reporter('vague-name', file)
  const faults: Violation[] = []
  walk(file.program, (node, parents) => {
    // What is declared inside a function is seen by nobody else.
    if (node.type === 'BlockStatement') return false
    const name = declared(node)
    if (name === undefined || parents.some((parent) => 'params' in parent)) return true
    const vague = name.split(/(?=[A-Z])|_/).find((word) => words.test(word))
    if (vague !== undefined) faults.push(report(node.start, `"${vague}" in ${name} says nothing; name what it does`))
    if (node.type === 'TSInterfaceDeclaration' && /^I[A-Z][a-z]/.test(name)) {
      faults.push(report(node.start, `interface ${name}: no I prefix`))
    }
    if (/Impl$/.test(name)) faults.push(report(node.start, `${name}: name what is special about it, not Impl`))
    return true
  })
  return faults
}

const declarations = new Set([
  'ClassDeclaration',
  'FunctionDeclaration',
  'TSInterfaceDeclaration',
  'TSTypeAliasDeclaration',
  'VariableDeclarator',
])

function declared(node: Node): string | undefined {
  if (!declarations.has(node.type) || !('id' in node)) return undefined
  const id = node.id as Node | null
  return id?.type === 'Identifier' ? id.name : undefined
}
