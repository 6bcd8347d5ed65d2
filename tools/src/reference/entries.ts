// What a user can import: the subpath exports of the library, of the adapters and of the command, read from the
// package.json files, so that a new entry is in the reference without anybody thinking of it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/** One import path. */
export interface Entry {
  /** What is imported: `banyan/core`. */
  readonly specifier: string
  /** The page in docs/reference: `core.md`. */
  readonly page: string
  /** The file it leads to, relative to the root. */
  readonly index: string
  /** What package.json says of the package. */
  readonly about: string
}

/** Every entry of every published package, the library's first, then by name. */
export function readEntries(root: string): readonly Entry[] {
  const published = ['packages', 'adapters', 'apps'].flatMap((tier) => foldersOf(root, tier))
  return published.flatMap((folder) => entriesOf(root, folder))
}

function foldersOf(root: string, tier: string): string[] {
  const folders = readdirSync(join(root, tier)).sort()
  return folders.map((name) => `${tier}/${name}`).filter((folder) => existsSync(join(root, folder, 'package.json')))
}

function entriesOf(root: string, folder: string): Entry[] {
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  const exported: Record<string, string> = manifest.exports ?? {}
  return Object.keys(exported)
    .sort()
    .map((path) => ({
      specifier: posix.join(manifest.name, path),
      page: `${pageName(manifest.name, path)}.md`,
      index: posix.join(folder, exported[path] ?? ''),
      about: manifest.description ?? '',
    }))
}

// The library's folders by their own name, other packages without their scope.
function pageName(name: string, path: string): string {
  const own = path === '.' ? [] : path.slice(2).split('/')
  const first = name === 'banyan' && own.length > 0 ? [] : [name.replace(/^@[^/]+\//, '')]
  return [...first, ...own].join('-')
}
