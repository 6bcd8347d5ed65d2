/** Asks a short-lived process what the system is, so that the parent never loads (and never has to reload) a line of the user's code. */

import { CommandError } from '../failure.ts'
import type { SystemDescription } from '../host/description.ts'
import { startChild } from '../process/child.ts'

/** What the process answers. */
export type DescribeAnswer =
  | { readonly type: 'description'; readonly description: SystemDescription }
  | { readonly type: 'failure'; readonly message: string; readonly hint: string | undefined }

/** Lines kept for the message of a process that ends without an answer. */
const keptLines = 20

/** Asks; rejects with the project's own error, in one line. */
export async function describeSystem(options: {
  readonly cli: string
  readonly projectFolder: string
  readonly env: Readonly<Record<string, string | undefined>>
}): Promise<SystemDescription> {
  let answer: DescribeAnswer | undefined
  const lines: string[] = []
  const child = startChild({
    command: ['node', options.cli, 'describe', '--project', options.projectFolder],
    folder: options.projectFolder,
    env: options.env,
    messages: true,
    onLine: (line) => void (lines.length < keptLines && lines.push(line)),
    onMessage: (message) => {
      answer = message as DescribeAnswer
    },
  })
  const how = await child.ended
  if (answer?.type === 'description') return answer.description
  if (answer?.type === 'failure') throw new CommandError(answer.message, answer.hint)
  throw new CommandError(`the system cannot be loaded (${how}): ${lines.join(' | ')}`)
}
