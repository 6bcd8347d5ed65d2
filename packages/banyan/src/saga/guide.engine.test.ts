// The guide's program runs, and prints what the guide says it prints; every test that its table names is there.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const read = () => readFile(`${root}docs/guide/sagas.md`, 'utf8')

test('docs/guide/sagas.md', { timeout: 60_000 }, async () => {
  const guide = await read()
  const program = /```ts\n([\s\S]*?)```/.exec(guide)?.[1] ?? ''
  const printed = /```text\n([\s\S]*?)```/.exec(guide)?.[1]
  const run = ['--input-type=module-typescript', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, run, { cwd: root })
  expect(stdout).toBe(printed)
})

test('what happens when: each row names its tests, and these the reasons in it', async () => {
  const rows = [...(await read()).matchAll(/^\| .* \| (.*) \| (`[a-z./-]+`(?:, `[a-z./-]+`)*) \|$/gm)]
  expect(rows.length).toBeGreaterThan(25)
  for (const [row, then = '', names = ''] of rows) {
    const files = names.split(', ').map((name) => `${root}packages/banyan/src/saga/${name.slice(1, -1)}.test.ts`)
    const texts = (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\n')
    for (const [reason] of then.matchAll(/(?<=`)[A-Z]+(_[A-Z]+)*(?=`)/g)) expect(texts, row).toContain(`${reason}`)
  }
})
