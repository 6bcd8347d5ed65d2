// `npm run docs:reference`: writes docs/reference anew, and drops pages of entries that are gone.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { repositoryRoot } from '../source/sources.ts'
import { toPages } from './page.ts'
import { readReference } from './reference.ts'

const pages = toPages(readReference(repositoryRoot))
const folder = join(repositoryRoot, 'docs/reference')
mkdirSync(folder, { recursive: true })
for (const name of readdirSync(folder)) if (!pages.has(`docs/reference/${name}`)) rmSync(join(folder, name))
for (const [path, text] of pages) {
  mkdirSync(dirname(join(repositoryRoot, path)), { recursive: true })
  writeFileSync(join(repositoryRoot, path), text)
}
process.stdout.write(`${pages.size} pages in docs/reference\n`)
