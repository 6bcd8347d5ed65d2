/** `banyan describe`: what the system of a project is, for a parent that does not want to load it itself. */
import { toDescription } from '../host/description.ts'
import type { DescribeAnswer } from '../parent/describe.ts'
import { loadProject } from '../settings/project.ts'
import { loadSystem } from '../settings/system-module.ts'

/** Answers over the pipe, or prints. */
export async function describe(options: { readonly project: string }): Promise<void> {
  const answer = await toAnswer(options.project)
  if (process.send === undefined) process.stdout.write(`${JSON.stringify(answer)}\n`)
  else process.send(answer, () => process.disconnect())
}

async function toAnswer(folder: string): Promise<DescribeAnswer> {
  try {
    const system = await loadSystem((await loadProject(folder)).systemPath)
    return { type: 'description', description: toDescription(system) }
  } catch (error) {
    const hint = (error as { hint?: string }).hint
    return { type: 'failure', message: error instanceof Error ? error.message : String(error), hint }
  }
}
