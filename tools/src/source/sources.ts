// The repository's own text as data. Every check is a function over this map, so its tests hand it a few lines of made
// up source and need no files on disk.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Path relative to the root, with `/` → the file's text. */
export type Sources = ReadonlyMap<string, string>

/** One broken rule, at one place. */
export interface Violation {
  readonly rule: string
  readonly path: string
  readonly line: number
  readonly message: string
}

/** The repository this file belongs to. */
export const repositoryRoot: string = join(import.meta.dirname, '../../..')

const foreign = new Set(['node_modules', 'dist', '.banyan', '.git', 'coverage', 'fixtures'])

/** Reads every file below `folders` whose name passes `wanted`; installed, built and fixture folders are left out. */
export function readSources(
  root: string,
  folders: readonly string[],
  wanted: (path: string) => boolean,
): Map<string, string> {
  const sources = new Map<string, string>()
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (foreign.has(entry.name)) continue
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) visit(path)
      else if (entry.isFile() && wanted(path)) sources.set(path, readFileSync(join(root, path), 'utf8'))
    }
  }
  for (const folder of folders) visit(folder)
  return sources
}

/** True for the files that vitest runs. */
export function isTest(path: string): boolean {
  return /\.test\.ts$/.test(path)
}

/**
 * True for files that users get. Beside tests, the support of an adapter's or app's own tests (`src/testing/`) stays here;
 * the library's `testing` folder is a product.
 */
export function isShipped(path: string): boolean {
  return !isTest(path) && !/^(?:adapters|apps)\/[^/]+\/src\/testing\/|^examples\/[^/]+\/test\//.test(path)
}

/** `path:line rule: message`, which terminals and editors make clickable. */
export function formatViolation(violation: Violation): string {
  return `${violation.path}:${violation.line} ${violation.rule}: ${violation.message}`
}
