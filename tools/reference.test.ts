// docs/reference says what the code says, and every public name says what it is. How the pages are made, with made up
// sources: src/reference/reference.test.ts.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
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

test('every link of the reference leads somewhere', () => {
  const pages = toPages(reference)
  const links = [...pages].flatMap(([path, text]) =>
    [...text.replace(/```[\s\S]*?```/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => [path, to] as const),
  )
  const local = links.filter(([, to]) => !/^https?:/.test(to))
  expect(local.length).toBeGreaterThan(500)
  const broken = local.filter(([path, to]) => {
    const [file = '', anchor] = to.split('#')
    const target = file === '' ? path : posix.join(posix.dirname(path), file)
    const text = pages.get(target)
    if (text === undefined) return !existsSync(join(repositoryRoot, target))
    return anchor !== undefined && !headings(text).has(anchor)
  })
  expect(broken).toEqual([])
})

// As GitHub makes them: lower case, and numbered when they are the same.
function headings(text: string): ReadonlySet<string> {
  const found = new Map<string, number>()
  const all = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => {
    const slug = title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-')
    const before = found.get(slug) ?? 0
    found.set(slug, before + 1)
    return before === 0 ? slug : `${slug}-${before}`
  })
  return new Set(all)
}

test('every public name has a docstring', () => {
  expect(reference.flatMap(({ symbols }) => symbols).length).toBeGreaterThan(200)
  const bare = undocumented(reference)
  const added = bare.filter((name) => !allowed.includes(name))
  expect(added, 'these exported names need a docstring').toEqual([])
  const done = allowed.filter((name) => !bare.includes(name))
  expect(done, 'these have a docstring now: take them out of tools/src/reference/undocumented.json').toEqual([])
})
