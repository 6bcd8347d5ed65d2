// `npm test`: the fast suite first, then the engines, then one line with the sums: "N passed, N failed, N skipped".
// The line always comes, and comes last, so that whatever runs this can read it; the exit code says the same.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addCounts, type Counts, countTests, formatCounts, none } from './test-counts.ts'

const projects = ['unit', 'engine'] as const
const vitest = join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs')

/** Runs one vitest project with the given extra arguments; a run that breaks counts as one failure. */
async function runProject(project: string, extra: readonly string[]): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-test-'))
  const report = join(folder, 'report.json')
  const flags = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  try {
    const child = spawn(process.execPath, [vitest, ...flags, '--passWithNoTests', ...extra], { stdio: 'inherit' })
    const [code] = (await once(child, 'exit')) as [number | null]
    return countTests(existsSync(report) ? readFileSync(report, 'utf8') : undefined, code)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

let total = none
for (const project of projects) total = addCounts(total, await runProject(project, process.argv.slice(2)))
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
console.log(formatCounts(total))
