// Every effect goes through the environment (DESIGN, law 4), so that a whole system can run in virtual time from one
// seed. In the library, clocks, timers, randomness, sockets and files exist in core/environment only. Unit tests do not
// wait for real time either.
import type { Node } from 'oxc-parser'
import { type SourceFile, walk } from '../source/parse.ts'
import { isTest, type Violation } from '../source/sources.ts'
import { pathOf } from './expression.ts'
import { type Rule, reporter } from './rule.ts'

const waits = ['setTimeout', 'setInterval', 'setImmediate']
const effects = new Set([
  ...waits,
  ...['Date.now', 'performance.now', 'Math.random', 'crypto.randomUUID', 'crypto.getRandomValues', 'fetch'],
  ...['process.env', 'process.exit', 'process.kill', 'process.hrtime', 'AbortSignal.timeout'],
])

// `node:crypto` may hash; `node:events`, `node:buffer`, `node:zlib`, `node:async_hooks` only compute.
const modules =
  /^(?:node:)?(?:fs|net|http|https|http2|dgram|dns|tls|timers|child_process|cluster|worker_threads|os|readline|repl|inspector)(?:\/|$)|^(?:undici|pg|ws)$/
const cryptoEffects = /\b(?:randomUUID|randomBytes|randomInt|getRandomValues|webcrypto)\b/

/** The rule for the library's own code. */
export const effectsInEnvironment: Rule = (file) => {
  if (!file.path.startsWith('packages/banyan/src/') || isTest(file.path)) return []
  if (file.path.startsWith('packages/banyan/src/core/environment/')) return []
  const hint = 'take it from the Environment'
  return [...moduleFaults(file, hint), ...globalFaults(file, 'effect', effects, hint)]
}

/** The rule for unit tests everywhere: no real waiting. Engine tests poll real processes and may. */
export const noWaitingInUnitTests: Rule = (file) => {
  if (!isTest(file.path) || file.path.endsWith('.engine.test.ts')) return []
  const timers = file.imports.filter((item) => /^node:timers/.test(item.specifier))
  const message = 'a unit test must not wait: use the virtual environment, or make it an .engine.test.ts'
  const imported = timers.map((item) => ({ rule: 'waiting', path: file.path, line: item.line, message }))
  return [...imported, ...globalFaults(file, 'waiting', new Set(waits), message)]
}

function moduleFaults(file: SourceFile, hint: string): Violation[] {
  return file.imports.flatMap((item) => {
    if (item.typeOnly) return []
    const line = file.lines[item.line - 1] ?? ''
    const random = /^(?:node:)?crypto$/.test(item.specifier) && cryptoEffects.test(line)
    if (!modules.test(item.specifier) && !random) return []
    return [{ rule: 'effect', path: file.path, line: item.line, message: `import of ${item.specifier}: ${hint}` }]
  })
}

function globalFaults(file: SourceFile, rule: string, banned: ReadonlySet<string>, hint: string): Violation[] {
  const report = reporter(rule, file)
  const faults: Violation[] = []
  const own = declaredNames(file)
  walk(file.program, (node, parents) => {
    // Types are erased. Of a member expression only the whole counts, and only at its start.
    if (/^TS(?:Type|Interface)/.test(node.type)) return false
    const name = isReference(node, parents.at(-1)) ? pathOf(node) : undefined
    if (name !== undefined && banned.has(name) && !own.has(name.split('.')[0] ?? ''))
      faults.push(report(node.start, `${name}: ${hint}`))
    if (rule === 'effect' && readsClock(node)) faults.push(report(node.start, `new Date() without a time: ${hint}`))
    return true
  })
  return faults
}

function isReference(node: Node, parent: Node | undefined): boolean {
  if (node.type === 'MemberExpression') return true
  if (node.type !== 'Identifier') return false
  if (parent?.type === 'MemberExpression') return parent.object === node || parent.computed
  if (parent?.type === 'Property') return parent.value === node && !parent.method
  return !/^(?:MethodDefinition|PropertyDefinition|LabeledStatement|ImportSpecifier|ExportSpecifier)$/.test(
    parent?.type ?? '',
  )
}

function readsClock(node: Node): boolean {
  return node.type === 'NewExpression' && pathOf(node.callee) === 'Date' && node.arguments.length === 0
}

// Names that the file declares anywhere are its own, not the globals: coarse, and enough.
function declaredNames(file: SourceFile): Set<string> {
  const names = new Set<string>()
  const add = (node: Node | null | undefined): void => {
    if (node?.type === 'Identifier') names.add(node.name)
    if (node?.type === 'ObjectPattern') {
      for (const property of node.properties) add(property.type === 'Property' ? property.value : property.argument)
    }
    if (node?.type === 'AssignmentPattern') add(node.left)
  }
  walk(file.program, (node) => {
    if (node.type === 'VariableDeclarator' || node.type === 'FunctionDeclaration') add(node.id)
    if ('params' in node && Array.isArray(node.params)) for (const parameter of node.params) add(parameter as Node)
    return true
  })
  return names
}
