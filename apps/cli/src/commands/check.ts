/** `banyan check`: whether the services of a project keep to themselves. */
import { resolve } from 'node:path'
import { check } from '../check/check.ts'
import { readFiles } from '../check/files.ts'
import { formatProblem } from '../check/problem.ts'
import { CommandError, exitCodes } from '../failure.ts'

/** Prints what it finds; 1 when there is an error among it. */
export async function runCheck(flags: { readonly project: string; readonly json?: boolean }): Promise<number> {
  const folder = resolve(flags.project)
  const { problems, services, files } = check(await readFiles(folder))
  if (services.length === 0)
    throw new CommandError(
      `there is no service in ${folder}`,
      'Give the project with --project; services are made by defineService.',
    )
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const warnings = problems.length - errors
  if (flags.json) process.stdout.write(`${JSON.stringify({ problems, services, files, errors, warnings }, null, 2)}\n`)
  else {
    for (const problem of problems) process.stdout.write(`${formatProblem(problem)}\n`)
    process.stdout.write(`${services.length} services in ${files} files: ${errors} errors, ${warnings} warnings\n`)
  }
  return errors > 0 ? exitCodes.failed : exitCodes.ok
}
