// How the files of a guide page are found.
import { expect, it } from 'vitest'
import { guideFiles } from './guide-files.ts'

const fence = '```'
const page = `# Page

${fence}ts
shown, no file
${fence}

${fence}ts a/b.ts
first
${fence}

## Later

${fence}ts a/b.ts
second
${fence}

${fence}sql c.sql
third
${fence}
`

it('takes blocks that name a file, the last of each name', () => {
  expect([...guideFiles(page)]).toEqual([
    ['a/b.ts', 'second\n'],
    ['c.sql', 'third\n'],
  ])
})

it('stops at a heading, which must be there', () => {
  expect([...guideFiles(page, 'Later')]).toEqual([['a/b.ts', 'first\n']])
  expect(() => guideFiles(page, 'Never')).toThrow("the page has no heading 'Never'")
})
