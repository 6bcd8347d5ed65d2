// The last line of a test run, as a program that reads it sees it.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { repositoryRoot } from './source/sources.ts'

async function lastLine(...patterns: string[]): Promise<{ line: string | undefined; code: number }> {
  const runner = join(import.meta.dirname, 'test-runner.ts')
  const run = promisify(execFile)(process.execPath, [runner, ...patterns], { cwd: repositoryRoot })
  const { stdout, code } = await run.then(
    (result) => ({ ...result, code: 0 }),
    (error: { stdout: string; code: number }) => error,
  )
  return { line: stdout.trimEnd().split('\n').at(-1), code }
}

test('the sum of all suites is the last line, and a run without tests is not a success', async () => {
  expect(await lastLine('tools/src/test-counts')).toEqual({ line: '5 passed, 0 failed, 0 skipped', code: 0 })
  expect(await lastLine('no/such/file')).toEqual({ line: '0 passed, 0 failed, 0 skipped', code: 1 })
  expect(await lastLine('--no-such-flag')).toEqual({ line: '0 passed, 2 failed, 0 skipped', code: 1 })
})
