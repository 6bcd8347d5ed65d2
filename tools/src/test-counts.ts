// Counting what a vitest run did, from its JSON report.

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const none: Counts = { passed: 0, failed: 0, skipped: 0 }

export function addCounts(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

/** The line that ends every test run. */
export function formatCounts(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`
}

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[]
}

/**
 * What a report says. A file that fails before its tests exist (an import that throws) is one failure, and so is a run
 * that ends badly without any failed test, or without a report.
 */
export function countTests(report: string | undefined, exitCode: number | null): Counts {
  const broken = exitCode === 0 ? 0 : 1
  if (report === undefined) return { ...none, failed: 1 }
  const json = JSON.parse(report) as Report
  const files = json.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length
  const failed = json.numFailedTests + files
  return {
    passed: json.numPassedTests,
    failed: Math.max(failed, broken),
    skipped: json.numPendingTests + json.numTodoTests,
  }
}
