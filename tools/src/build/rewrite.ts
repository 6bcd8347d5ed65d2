// The compiler turns './a.ts' into './a.js' in import statements. What it leaves (declarations, and paths that name a
// file of ours at run time, as in `new URL('./worker.ts', import.meta.url)`) is done here.
import { parseSync } from 'oxc-parser'
import { type Node, walk } from '../source/parse.ts'

/** Replaces the extension of every relative path to a source file; declarations (`.d.ts`) stay. Lengths do not change,
 * so source maps stay right. */
export function rewriteSpecifiers(path: string, text: string): string {
  const spots: number[] = []
  const note = (node: Node | null | undefined): void => {
    if (node?.type !== 'Literal' || typeof node.value !== 'string') return
    if (/^\.{1,2}\/.*(?<!\.d)\.ts$/.test(node.value)) spots.push(node.end - 3)
  }
  walk(parseSync(path, text).program, (node) => {
    if ('source' in node) note(node.source as Node | null)
    if (node.type === 'NewExpression' && isOwnUrl(node, text)) note(node.arguments[0])
    if (node.type === 'CallExpression' && text.slice(node.callee.start, node.callee.end) === 'import.meta.resolve') {
      note(node.arguments[0])
    }
    return true
  })
  let rewritten = text
  for (const at of spots) rewritten = `${rewritten.slice(0, at)}js${rewritten.slice(at + 2)}`
  return rewritten
}

function isOwnUrl(node: Node & { type: 'NewExpression' }, text: string): boolean {
  const [, base] = node.arguments
  const name = text.slice(node.callee.start, node.callee.end)
  return name === 'URL' && base !== undefined && text.slice(base.start, base.end) === 'import.meta.url'
}
