/** The guide's table of failures names a test in each row; each of them exists. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const folders = ['packages/banyan/src/bus', 'adapters/postgres/src/store']
const rows = readFileSync(join(root, 'docs/guide/events.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const found = /\| `([\w./-]+\.test\.ts)` "(.+)" \|$/.exec(line)
    return found === null ? [] : [[found[1] as string, found[2] as string] as const]
  })

it('has rows', () => expect(rows.length).toBeGreaterThan(20))

it.each(rows)('%s has "%s"', (file, title) => {
  const name = file.slice(file.lastIndexOf('/') + 1)
  const folder = folders.find((one) => readdirSync(join(root, one)).includes(name))
  expect(folder, `${name} is in none of ${folders.join(', ')}`).toBeDefined()
  expect(readFileSync(join(root, folder as string, name), 'utf8')).toContain(title)
})
