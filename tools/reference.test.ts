// docs/reference says what the code says, and every public name says what it is. How the pages are made, with made up
// sources: src/reference/reference.test.ts.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toPages } from './src/reference/page.ts'
import { readReference, undocumented } from './src/reference/reference.ts'
import allowed from './src/reference/undocumented.json' with { type: 'json' }
import { repositoryRoot } from './src/source/sources.ts'

const reference = readReference(repositoryRoot)

test('docs/reference is what `npm run docs:reference` writes', () => {
  const pages = toPages(reference)
  const folder = join(repositoryRoot, 'docs/reference')
  const committed = new Map(
    readdirSync(folder).map((name) => [`docs/reference/${name}`, readFileSync(join(folder, name), 'utf8')]),
  )
  const stale = [...new Set([...pages.keys(), ...committed.keys()])].filter(
    (path) => pages.get(path) !== committed.get(path),
  )
  expect(stale, 'the reference is out of date: run `npm run docs:reference` and commit docs/reference').toEqual([])
})

test('every public name has a docstring', () => {
  expect(reference.flatMap(({ symbols }) => symbols).length).toBeGreaterThan(200)
  const bare = undocumented(reference)
  const added = bare.filter((name) => !allowed.includes(name))
  expect(added, 'these exported names need a docstring').toEqual([])
  const done = allowed.filter((name) => !bare.includes(name))
  expect(done, 'these have a docstring now: take them out of tools/src/reference/undocumented.json').toEqual([])
})
