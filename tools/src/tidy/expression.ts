// Reading names off expressions.
import type { Node } from 'oxc-parser'

/** `a.b` as the text `a.b`, a plain name as itself; anything else is undefined. `globalThis.` is left out. */
export function pathOf(node: Node): string | undefined {
  if (node.type === 'Identifier') return node.name
  if (node.type !== 'MemberExpression' || node.computed) return undefined
  const object = pathOf(node.object)
  const property = node.property.type === 'Identifier' ? node.property.name : undefined
  if (object === undefined || property === undefined) return undefined
  return object === 'globalThis' ? property : `${object}.${property}`
}

/** The first name of what is called: `describe` of `describe.each(rows)(…)`. */
export function calleeRoot(call: Node): string | undefined {
  let node = call
  for (;;) {
    if (node.type === 'CallExpression') node = node.callee
    else if (node.type === 'MemberExpression') node = node.object
    else if (node.type === 'TaggedTemplateExpression') node = node.tag
    else return node.type === 'Identifier' ? node.name : undefined
  }
}
