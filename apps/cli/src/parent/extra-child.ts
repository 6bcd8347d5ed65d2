/** A program beside the hosts, from `banyan.json`: supervised like them, told to end by its standard input and SIGTERM. */
import { createSupervisor, type Supervisor } from 'banyan/control'
import { type Environment, sleep } from 'banyan/core'
import { type Child, startChild } from '../process/child.ts'
import { isAnswering } from '../process/ports.ts'
import type { PlacedProcess } from '../settings/dev-settings.ts'

/** See the top of the file. */
export interface ExtraChild {
  readonly spec: PlacedProcess
  readonly supervisor: Supervisor
  readonly child: Child | undefined
}

/** What {@link createExtraChildren} takes. */
export interface ExtraChildOptions {
  readonly environment: Environment
  readonly folder: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly onLine: (from: string, line: string) => void
  readonly onChange: () => void
  readonly onEnd: (name: string, how: string, retryInMs: number) => void
}

const lookEveryMs = 50
const answerWithinMs = 1_000

/** Creates them; nothing runs until their supervisors are started. */
export function createExtraChildren(
  processes: readonly PlacedProcess[],
  options: ExtraChildOptions,
): readonly ExtraChild[] {
  return processes.map((spec) => createExtraChild(spec, options))
}

function createExtraChild(spec: PlacedProcess, options: ExtraChildOptions): ExtraChild {
  const { environment } = options
  const extra: { spec: PlacedProcess; child: Child | undefined; supervisor: Supervisor } = {
    spec,
    child: undefined,
    supervisor: createSupervisor({
      environment,
      launch: () => {
        const child = startChild({
          command: spec.command as readonly [string, ...string[]],
          folder: options.folder,
          env: { ...options.env, ...spec.env },
          messages: false,
          onLine: (line) => options.onLine(spec.name, line),
        })
        extra.child = child
        let over = false
        const ended = child.ended.then((how) => {
          over = true
          child.sweep()
          return how
        })
        void becomeReady(() => over)
        return { pid: child.pid, ended, ask: child.terminate, kill: child.kill }
      },
      onChange: options.onChange,
      onEnd: (how, retryInMs) => {
        options.onEnd(spec.name, how, retryInMs)
        return false
      },
    }),
  }

  /** Ready once its port answers; without a port, once it runs. */
  async function becomeReady(isOver: () => boolean): Promise<void> {
    for (;;) {
      await sleep(environment.timers, spec.listensOn === undefined ? 0 : lookEveryMs)
      if (isOver()) return
      if (spec.listensOn === undefined || (await isAnswering(spec.listensOn, answerWithinMs))) break
    }
    if (!isOver()) extra.supervisor.report(true)
  }
  return extra
}
