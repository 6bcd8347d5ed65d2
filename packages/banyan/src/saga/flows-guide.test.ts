// The guide's program runs, and prints what the guide says it prints; it needs no database.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

test('docs/guide/flows.md', { timeout: 60_000 }, async () => {
  const guide = await readFile(`${root}docs/guide/flows.md`, 'utf8')
  const program = /```ts\n([\s\S]*?)```/.exec(guide)?.[1] ?? ''
  const printed = /```text\n([\s\S]*?)```/.exec(guide)?.[1]
  const run = ['--input-type=module-typescript', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, run, { cwd: root })
  expect(stdout).toBe(printed)
})
