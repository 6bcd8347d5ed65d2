/** `banyan dev`: the whole system on this machine, under a parent that watches over it. */
import { type Environment, realEnvironment } from 'banyan/core'
import { formatFailure } from '../failure.ts'
import { createPainter, wantsColour } from '../log/colour.ts'
import { type ConsoleLog, createConsoleLog } from '../log/console-log.ts'
import { toBanner } from '../parent/banner.ts'
import { Parent } from '../parent/parent.ts'
import type { StopWatching } from '../parent/watch.ts'
import { listenForStop } from '../process/signals.ts'
import { cliPath } from '../self.ts'
import { type DevFlags, toDevSettings } from '../settings/dev-settings.ts'
import { loadProject } from '../settings/project.ts'

/** All requests under way have this long, and everything else that has to end. */
export const drainMs = 10_000

/** Runs until it is told to stop; gives the exit code. */
export async function dev(flags: DevFlags & { readonly project: string }): Promise<number> {
  const environment = realEnvironment()
  const startedMs = environment.clock.monotonic()
  const project = await loadProject(flags.project)
  const settings = toDevSettings(flags, process.env, project, process.cwd())
  const log = createConsoleLog({
    target: process.stdout,
    json: settings.json,
    paint: createPainter(wantsColour(process.stdout, process.env)),
    now: environment.clock.now,
  })
  // Nobody reads any more (`npm start | head`): no reason to end.
  process.stdout.on('error', () => undefined)
  const parent = new Parent({ environment, settings, project, cli: cliPath, env: process.env, log })
  const stop = listenForStop()
  process.once('uncaughtException', (error) => {
    process.stderr.write(`${formatFailure(error, true)}\n`)
    parent.kill()
    process.exit(1)
  })
  try {
    return await run(parent, stop, () => environment.clock.monotonic() - startedMs)
  } finally {
    stop.close()
  }
}

async function run(parent: Parent, stop: ReturnType<typeof listenForStop>, elapsedMs: () => number): Promise<number> {
  const { environment, log } = parent.options
  const watching = parent.settings.watch ? watch(parent) : undefined
  const started = parent.start().then(
    () => log.text(toBanner(parent, elapsedMs())),
    (error: unknown) => error as Error,
  )
  const failed = await Promise.race([started.then((error) => error ?? new Promise<never>(() => undefined)), stop.asked])
  if (failed !== undefined) return fail(parent, failed, stop)
  await (await watching)?.()
  log.say(`stopping (${stop.reason}); once more to end at once`)
  return end(parent, stop, environment, log)
}

/** From the beginning, so that what is wrong at the start can be put right while it waits. */
async function watch(parent: Parent): Promise<StopWatching> {
  const { watchProject } = await import('../parent/watch.ts')
  return watchProject(parent)
}

async function fail(parent: Parent, error: Error, stop: ReturnType<typeof listenForStop>): Promise<number> {
  process.stderr.write(`${formatFailure(error, process.env['BANYAN_DEBUG'] === '1')}\n`)
  await Promise.race([parent.stop(0), stop.askedAgain])
  parent.kill()
  return 1
}

async function end(
  parent: Parent,
  stop: ReturnType<typeof listenForStop>,
  environment: Environment,
  log: ConsoleLog,
): Promise<number> {
  // What remains after the time to drain is to close and to flush; the database may take a little longer.
  const late = new Promise<string>((resolve) => {
    environment.timers.after(drainMs + 5_000, () => resolve('the time to stop is over'))
  })
  const forced = await Promise.race([parent.stop(drainMs).then(() => undefined), stop.askedAgain, late])
  if (forced === undefined) {
    log.say('stopped')
    return 0
  }
  log.say(`ending everything at once: ${forced}`, 'warn')
  parent.kill()
  return 1
}
