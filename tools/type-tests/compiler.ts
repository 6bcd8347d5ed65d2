/** Runs the TypeScript compiler on a project, as a user would, and reads what it says. */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

/** What a compilation gave. */
export interface Compilation {
  readonly code: number
  /** Everything it printed. */
  readonly said: string
}

/** Compiles a project (a folder or a tsconfig file); never rejects for errors in the program. */
export function compile(project: string, args: readonly string[] = []): Promise<Compilation> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [compiler, '--project', project, '--pretty', 'false', ...args],
      { cwd: project.endsWith('.json') ? dirname(project) : project, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), said: stdout + stderr }),
    )
  })
}

/** What a compilation cost. Counts are the same on every machine; times are not. */
export interface Cost {
  readonly types: number
  readonly instantiations: number
  readonly memoryMb: number
  readonly totalMs: number
}

/** Reads the output of `--extendedDiagnostics`. */
export function readCost(said: string): Cost {
  const number = (label: string): number => {
    const found = new RegExp(`^${label}:\\s+([\\d.]+)`, 'm').exec(said)?.[1]
    if (found === undefined) throw new Error(`the compiler did not say '${label}':\n${said.slice(0, 2_000)}`)
    return Number(found)
  }
  return {
    types: number('Types'),
    instantiations: number('Instantiations'),
    memoryMb: number('Memory used') / 1_024,
    totalMs: number('Total time') * 1_000,
  }
}
