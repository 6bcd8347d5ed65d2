// Files and functions stay small. A file above `lookTwice` lines must be listed with its length in the baseline, which
// says that somebody looked; from then on it may only shrink. No file passes `fileLimit`, no function `functionLimit`.
import type { Node } from 'oxc-parser'
import { type SourceFile, walk } from '../source/parse.ts'
import { isTest, type Violation } from '../source/sources.ts'
import { calleeRoot } from './expression.ts'
import { type Rule, reporter } from './rule.ts'

export const fileLimit = 400
export const lookTwice = 250
export const functionLimit = 70

/** Path → lines: the files above {@link lookTwice} that were looked at. */
export type Baseline = Readonly<Record<string, number>>

/** Tests may be longer before somebody looks twice: a table of cases is not a design. */
export function fileSizes(files: readonly SourceFile[], baseline: Baseline): Violation[] {
  const length = new Map(files.map((file) => [file.path, lengthOf(file)]))
  const faults = files.flatMap((file) => fileSize(file.path, lengthOf(file), baseline[file.path]))
  for (const [path, listed] of Object.entries(baseline)) {
    const message = `the baseline lists ${listed} lines, the file has ${length.get(path) ?? 'gone'}; lower it (npm run tidy:ratchet)`
    if ((length.get(path) ?? 0) < listed) faults.push({ rule: 'baseline', path, line: 1, message })
  }
  return faults
}

/** The baseline after shrinking: lower numbers are taken over, files that need no entry leave. Nothing is added. */
export function ratchet(files: readonly SourceFile[], baseline: Baseline): Baseline {
  const kept = files.flatMap((file): [string, number][] => {
    const listed = baseline[file.path]
    return listed === undefined || lengthOf(file) <= lookTwice ? [] : [[file.path, Math.min(listed, lengthOf(file))]]
  })
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function lengthOf(file: SourceFile): number {
  return file.text.trimEnd().split('\n').length
}

function fileSize(path: string, lines: number, listed: number | undefined): Violation[] {
  const fault = (message: string): Violation[] => [{ rule: 'file-size', path, line: lines, message }]
  if (lines > fileLimit) return fault(`${lines} lines, at most ${fileLimit}: split it`)
  if (listed !== undefined) return lines > listed ? fault(`${lines} lines, was ${listed} and may only shrink`) : []
  if (lines <= lookTwice || isTest(path)) return []
  return fault(`${lines} lines: split it, or look twice and list it in tools/tidy-baseline.json`)
}

/** No function is longer than {@link functionLimit} lines, comments included; those that only register tests may be. */
export const functionSizes: Rule = (file) => {
  const report = reporter('function-size', file)
  const faults: Violation[] = []
  walk(file.program, (node, parents) => {
    if (!isFunction(node)) return true
    const lines = file.lineOf(node.end) - file.lineOf(node.start) + 1
    if (lines > functionLimit && !registersTests(node, parents)) {
      faults.push(report(node.start, `a function of ${lines} lines, at most ${functionLimit}: split it`))
    }
    return true
  })
  return faults
}

function isFunction(node: Node): boolean {
  return /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)
}

// The body of a `describe`, or a function that declares tests itself (a contract suite).
function registersTests(node: Node, parents: readonly Node[]): boolean {
  const parent = parents.at(-1)
  if (parent?.type === 'CallExpression' && parent.callee !== node && calleeRoot(parent) === 'describe') return true
  const body =
    'body' in node && node.body !== null && typeof node.body === 'object' && 'body' in node.body ? node.body : undefined
  const statements = Array.isArray(body?.body) ? (body.body as Node[]) : []
  return statements.some((statement) => {
    if (statement.type !== 'ExpressionStatement' || statement.expression.type !== 'CallExpression') return false
    return ['describe', 'test', 'it'].includes(calleeRoot(statement.expression) ?? '')
  })
}
