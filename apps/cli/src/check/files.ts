/** The files that are checked: read once, found by path. Paths have forward slashes, relative to the project's folder. */
import { readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { CommandError } from '../failure.ts'

/** Text by path. */
export type Files = ReadonlyMap<string, string>

/** More are not looked at: whoever has so many gave the wrong folder. */
export const maxFiles = 10_000

/** The code of a project: no tests, nothing of others. */
export async function readFiles(folder: string): Promise<Files> {
  const paths: string[] = []
  await list(folder, '', paths)
  const texts = await Promise.all(paths.map((path) => readFile(join(folder, path), 'utf8')))
  return new Map(paths.map((path, index) => [path, texts[index] as string]))
}

async function list(folder: string, inside: string, found: string[]): Promise<void> {
  const entries = await readdir(join(folder, inside), { withFileTypes: true }).catch((error: Error) => {
    throw new CommandError(`${folder} cannot be read: ${error.message}`, 'Give the project with --project.')
  })
  for (const entry of entries) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules' || entry.name === 'dist') continue
    const path = inside === '' ? entry.name : `${inside}/${entry.name}`
    if (entry.isDirectory()) await list(folder, path, found)
    else if (/\.[mc]?[tj]s$/.test(entry.name) && !/\.(test|spec)\.[mc]?[tj]s$|\.d\.[mc]?ts$/.test(entry.name))
      found.push(path)
    if (found.length > maxFiles)
      throw new CommandError(`${folder} has more than ${maxFiles} source files`, 'Give the project with --project.')
  }
}

/** Which file an import means; undefined for packages and for what is not there. */
export function resolveImport(files: Files, from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('./') && !specifier.startsWith('../') && specifier !== '.' && specifier !== '..')
    return undefined
  const base = posix.normalize(posix.join(posix.dirname(from), specifier))
  const bare = base.replace(/\.([mc]?)js$/, '.$1ts')
  const candidates = [base, bare, `${base}.ts`, `${base}.js`, `${base}/index.ts`, `${base}/index.js`]
  return candidates.find((path) => files.has(path))
}
