/** The guide's service as processes of their own, one after the other, and what they print. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { eventually } from './engines.ts'
import type { GuideAnswer, GuideTask } from './run-guide.ts'

const folder = fileURLToPath(new URL('../../', import.meta.url))

/** See the top of the file. */
export interface GuideProcesses {
  start(): ChildProcess
  /** All that they printed. */
  printed(): string
  /** Asks the last one until the answer is as wanted; gives what it was. */
  find(id: string, wanted: GuideAnswer): Promise<GuideAnswer>
  close(): void
}

/** `service`: the guide's program. */
export function createGuideProcesses(service: string, source: string, task: GuideTask): GuideProcesses {
  const program = `${service}\nimport { runGuide } from './src/testing/run-guide.ts'\nawait runGuide(customers)\n`
  const children: ChildProcess[] = []
  let printed = ''
  async function ask(id: string): Promise<GuideAnswer> {
    const child = children.at(-1) as ChildProcess
    child.send({ operation: 'find', input: { id } })
    const [answer] = (await once(child, 'message')) as [GuideAnswer]
    return answer
  }
  return {
    start() {
      const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], {
        cwd: folder,
        env: { ...process.env, CRM_URL: source, BANYAN_TEST_TASK: JSON.stringify(task) },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      })
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (printed += String(chunk)))
      children.push(child)
      return child
    },
    printed: () => printed,
    find: (id, wanted) =>
      eventually(
        () => ask(id),
        (answer) => JSON.stringify(answer) === JSON.stringify(wanted),
      ),
    close() {
      for (const child of children) child.kill('SIGKILL')
    },
  }
}
