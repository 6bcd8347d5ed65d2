/** Something that is wrong, where it is, and what to do. */

/** The rules, by the names in messages. */
export type RuleId =
  | 'foreign-import'
  | 'contract-import'
  | 'undeclared-call'
  | 'call-cycle'
  | 'unused-call'
  | 'unreadable-calls'

/** See the top of the file. */
export interface Problem {
  readonly rule: RuleId
  readonly severity: 'error' | 'warning'
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
  readonly hint: string
}

/** In the order in which one reads: by file, then by place. */
export function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted(
    (one, other) =>
      (one.file < other.file ? -1 : one.file > other.file ? 1 : 0) ||
      one.line - other.line ||
      one.column - other.column,
  )
}

/** `orders/place.ts:12:3 error undeclared-call …`, clickable in most terminals. */
export function formatProblem({ file, line, column, severity, rule, message, hint }: Problem): string {
  return `${file}:${line}:${column} ${severity} ${rule}: ${message}\n    ${hint}`
}
