// The names that a piece of code takes from outside: what it uses and nowhere declares. Scopes are not told apart; a name
// that an example declares anywhere is its own.
import { type Node, parseSource, walk } from '../source/parse.ts'

const globalTypes = new Set(['Awaited', 'Partial', 'Readonly', 'Record', 'ReturnType', 'const'])

/** The free names of a module's text, sorted; JavaScript's own globals are left out. */
export function freeNames(text: string): string[] {
  const used = new Set<string>()
  const own = new Set<string>()
  walk(parseSource('example.ts', text).program as Node, (node, parents) => {
    const parent = parents.at(-1)
    if (node.type === 'Identifier' && !isLabelOrKey(node, parent)) {
      if (isDeclared(node, parents)) own.add(node.name)
      else used.add(node.name)
    }
    return true
  })
  return [...used].filter((name) => !own.has(name) && !(name in globalThis) && !globalTypes.has(name)).sort()
}

function isLabelOrKey(node: Node, parent: Node | undefined): boolean {
  if (parent === undefined) return false
  if (parent.type === 'MemberExpression') return parent.property === node && !parent.computed
  if (parent.type === 'Property') return parent.key === node && !parent.computed && !parent.shorthand
  if (parent.type === 'MetaProperty') return true
  if (parent.type === 'TSQualifiedName') return parent.right === node
  if ('key' in parent && (parent.key as Node | null) === node) return true
  return /^(?:LabeledStatement|ImportSpecifier|ExportSpecifier)$/.test(parent.type) && !('imported' in parent)
}

// In a pattern of a declaration, a parameter, or the name of what is declared.
function isDeclared(node: Node, parents: readonly Node[]): boolean {
  let inner = node
  for (const parent of [...parents].reverse()) {
    if ('params' in parent && Array.isArray(parent.params))
      return (parent.params as Node[]).includes(inner) || ('id' in parent && (parent.id as Node | null) === inner)
    if (parent.type === 'VariableDeclarator') return parent.id === inner
    if (parent.type === 'CatchClause') return parent.param === inner
    if (parent.type.startsWith('Import')) return true
    if ('id' in parent) return (parent.id as Node | null) === inner
    if (parent.type === 'TSTypeParameter') return (parent.name as Node) === inner
    if (parent.type === 'AssignmentPattern' && parent.right === inner) return false
    if (!/^(?:ObjectPattern|ArrayPattern|AssignmentPattern|RestElement|Property)$/.test(parent.type)) return false
    inner = parent
  }
  return false
}
