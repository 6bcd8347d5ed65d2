import { expect, test } from 'vitest'
import { addCounts, countTests, formatCounts } from './test-counts.ts'

const base = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1, testResults: [] }

test('passed, failed and skipped are taken from the report', () => {
  const report = JSON.stringify({ ...base, numFailedTests: 2 })
  expect(countTests(report, 1)).toEqual({ passed: 3, failed: 2, skipped: 2 })
})

test('a file that cannot be loaded is a failure although no test failed', () => {
  const testResults = [
    { status: 'failed', assertionResults: [] },
    { status: 'passed', assertionResults: [{}] },
  ]
  expect(countTests(JSON.stringify({ ...base, testResults }), 1)).toEqual({ passed: 3, failed: 1, skipped: 2 })
})

test('a run that ends badly is a failure although every test passed', () => {
  expect(countTests(JSON.stringify(base), 1).failed).toBe(1)
  expect(countTests(JSON.stringify(base), null).failed).toBe(1)
  expect(countTests(JSON.stringify(base), 0).failed).toBe(0)
})

test('a run without a report is a failure', () => {
  expect(countTests(undefined, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 })
})

test('suites add up to one line', () => {
  const sum = addCounts({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 })
  expect(formatCounts(sum)).toBe('11 passed, 22 failed, 33 skipped')
})
