/** Law 2, held in the source: only contracts cross, what is called is declared, nobody waits in a circle. */
import { callCycles, undeclaredCalls, unreadableCalls, unusedCalls } from './call-rules.ts'
import type { Files } from './files.ts'
import { contractImports, foreignImports } from './import-rules.ts'
import { readModel } from './model.ts'
import { inOrder, type Problem } from './problem.ts'

const rules = [foreignImports, contractImports, undeclaredCalls, callCycles, unusedCalls, unreadableCalls]

/** What was found, and in how much. */
export interface CheckResult {
  readonly problems: readonly Problem[]
  readonly services: readonly string[]
  readonly files: number
}

/** Checks the files of a project. */
export function check(files: Files): CheckResult {
  const model = readModel(files)
  const problems = inOrder(rules.flatMap((rule) => rule(model)))
  return { problems, services: model.services.map(({ name }) => name), files: files.size }
}
