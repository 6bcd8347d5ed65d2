/** `banyan run`: one host. Under a parent it is configured over the pipe; alone, from the environment. */
import { realEnvironment } from 'banyan/core'
import { createLog } from 'banyan/telemetry'
import { type RunFlags, toNames } from '../host/run-flags.ts'
import { runSupervised, toFault } from '../host/supervised.ts'
import { loadProject } from '../settings/project.ts'
import { loadSystem } from '../settings/system-module.ts'

/** Runs until the process ends. */
export async function run(flags: RunFlags, finish: (code: number) => void): Promise<void> {
  const environment = realEnvironment()
  // Nobody reads any more: the parent is gone, and that is noticed elsewhere.
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
  const log = createLog({
    write: (line) => process.stdout.write(`${line}\n`),
    now: environment.clock.now,
    level: toLevel(process.env['BANYAN_LOG_LEVEL']),
    fields: { host: flags.name ?? 'host', pid: process.pid },
  })
  if (flags.supervised !== true) {
    const { runAlone } = await import('../host/standalone.ts')
    return finish(await runAlone({ flags, environment, log }))
  }
  try {
    const system = await loadSystem((await loadProject(flags.project)).systemPath)
    runSupervised({ system, services: toNames(flags.services), environment, log })
  } catch (error) {
    const fault = toFault(error)
    log.error('the host cannot start', { error, hint: fault.hint })
    process.send?.({ type: 'failed', fault: { ...fault, final: true } }, () => process.exit(1))
  }
}

function toLevel(text: string | undefined): 'debug' | 'info' | 'warn' | 'error' {
  return text === 'debug' || text === 'warn' || text === 'error' ? text : 'info'
}
