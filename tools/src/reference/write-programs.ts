// Puts programs where the library is found by its name: a folder of .banyan at the root.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { repositoryRoot } from '../source/sources.ts'
import type { Example } from './examples.ts'

/** What `exactOptionalPropertyTypes` and the like ask of programs, and less of examples, which are to be read. */
const compilerOptions = {
  target: 'es2024',
  lib: ['es2024', 'esnext.disposable', 'esnext.promise'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
}

/** Creates the folder anew with the files, and a tsconfig.json where they have none; the result is its path. */
export function writeProject(name: string, files: ReadonlyMap<string, string>): string {
  const folder = join(repositoryRoot, '.banyan', name)
  rmSync(folder, { recursive: true, force: true })
  const tsconfig = JSON.stringify({ compilerOptions, include: ['.'] })
  const all = new Map([['tsconfig.json', tsconfig], ['package.json', '{ "type": "module" }'], ...files])
  for (const [path, text] of all) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** Examples may take for granted that the address of a database is set. */
const variables = 'declare namespace NodeJS {\n  interface ProcessEnv {\n    DATABASE_URL?: any\n  }\n}\n'

/** The folder with the programs of all examples that have one, and the stage beside them. */
export function writeExamples(name: string, examples: readonly Example[]): string {
  const programs = examples.filter(({ level }) => level !== 'parses')
  const files = programs.map((example) => [fileOf(example), example.program] as const)
  const folder = writeProject(name, new Map([...files, ['variables.d.ts', variables]]))
  cpSync(join(import.meta.dirname, 'stage'), folder, { recursive: true })
  return folder
}

/** The name of an example's file: `banyan/core#codes (2)` → `banyan-core-codes-2.ts`. */
export function fileOf(example: Example): string {
  return `${example.id.replace(/\W+/g, '-').replace(/^-|-$/g, '')}.ts`
}
