// Small habits, each a rule: a reason beside every `any`, tests that run, no mocks, no leftovers, silence in libraries,
// and a first comment that says what the file is for.
import { walk } from '../source/parse.ts'
import { isTest, type Violation } from '../source/sources.ts'
import { pathOf } from './expression.ts'
import { hasLintReason, hasReason, type Rule, reporter } from './rule.ts'

/** `any` switches the compiler off; whoever does that says why, on the line or to the linter on the line above. */
export const anyHasReason: Rule = (file) => {
  const report = reporter('any', file)
  const faults: Violation[] = []
  walk(file.program, (node) => {
    if (node.type !== 'TSAnyKeyword' || hasReason(file, node.start)) return true
    if (!hasLintReason(file, node.start, 'noExplicitAny')) {
      faults.push(report(node.start, 'any without a reason: say why in a comment on the line, or use unknown'))
    }
    return true
  })
  return faults
}

const chosen = /^(?:describe|test|it|suite|bench)\.(?:\w+\.)*(only|skip|todo)$/

/** A test that does not run says why; a test that keeps others from running is never committed. */
export const testsRun: Rule = (file) => {
  const report = reporter('skipped-test', file)
  const faults: Violation[] = []
  walk(file.program, (node) => {
    const how = node.type === 'MemberExpression' ? chosen.exec(pathOf(node) ?? '')?.[1] : undefined
    if (how === 'only') faults.push(report(node.start, '.only keeps every other test from running'))
    else if (how !== undefined && !hasReason(file, node.start)) {
      faults.push(report(node.start, `.${how} without a reason: say why in a comment on the line`))
    }
    return true
  })
  return faults
}

const doubles = /^vi\.(?:mock|doMock|fn|spyOn|stubGlobal|useFakeTimers)$/

/** The memory implementation of a port is a product and is what tests use. */
export const noMocks: Rule = (file) => {
  const report = reporter('mock', file)
  const faults: Violation[] = []
  walk(file.program, (node) => {
    const name = node.type === 'MemberExpression' ? pathOf(node) : undefined
    if (name !== undefined && doubles.test(name)) {
      faults.push(report(node.start, `${name}: use the memory implementation or the virtual environment`))
    }
    return true
  })
  return faults
}

/** Libraries log through telemetry; only programs own a terminal. */
export const quietLibraries: Rule = (file) => {
  if (!/^(?:packages|adapters)\//.test(file.path) || isTest(file.path)) return []
  const report = reporter('console', file)
  const faults: Violation[] = []
  walk(file.program, (node) => {
    const name = node.type === 'MemberExpression' ? pathOf(node) : undefined
    if (name?.startsWith('console.')) faults.push(report(node.start, `${name} in a library: log through telemetry`))
    return true
  })
  return faults
}

/** A file opens with what it is for and why it is so. Tests name the file they test. */
export const opensWithComment: Rule = (file) => {
  const head = file.text.replace(/^#!.*\n/, '')
  if (isTest(file.path) || /^(?:\/\/|\/\*)/.test(head)) return []
  const message = 'open the file with a comment: what it is for and why it is so'
  return [{ rule: 'opening-comment', path: file.path, line: 1, message }]
}
