/**
 * Keeps one process running: starts it, starts it again with back-off when it ends unasked, ends it when asked, first
 * politely and then not. What a process is, the caller says (`launch`); time is the environment's, so that a night of
 * crashes is a test of milliseconds.
 */
import type { Environment } from '../core/environment/environment.ts'
import { sleep, type Timer } from '../core/environment/timers.ts'
import { defaultRestartPolicy, type RestartPolicy, restartDelayMs } from './restart-delay.ts'

/** One run of a process. */
export interface Run {
  readonly pid: number | undefined
  /** Resolves, never rejects, with how it ended, in words: 'exit code 1', 'SIGKILL', 'cannot be started: …'. */
  readonly ended: Promise<string>
  /** Asks it to end. */
  ask(): void
  /** Ends it at once. */
  kill(): void
}

/**
 * `starting`: it runs and has not said that it is ready; `waiting`: it ended and will be started again; `failed`: it ended
 * for a reason that starting again cannot change.
 */
export type SupervisedState = 'idle' | 'starting' | 'ready' | 'unready' | 'waiting' | 'stopping' | 'stopped' | 'failed'

/** What {@link createSupervisor} takes. */
export interface SupervisorOptions {
  readonly environment: Environment
  readonly launch: () => Run
  readonly policy?: RestartPolicy
  /** Called after every change of state. */
  readonly onChange?: () => void
  /** Called when a run has ended unasked; `true` gives the process up. */
  readonly onEnd?: (how: string, retryInMs: number) => boolean | undefined
}

/** See the top of the file. */
export interface Supervisor {
  readonly state: SupervisedState
  readonly pid: number | undefined
  /** Starts after the first. */
  readonly restarts: number
  /** How the last run ended. */
  readonly lastEnd: string | undefined
  start(): void
  /** The process says whether it is ready. */
  report(ready: boolean): void
  /** Ends it for good; after `withinMs` by force. Safe to call again, also with a shorter time. */
  stop(withinMs: number): Promise<void>
  /** Ends it and starts it again at once, without back-off. */
  restart(withinMs: number): Promise<void>
}

class ProcessSupervisor implements Supervisor {
  state: SupervisedState = 'idle'
  restarts = 0
  lastEnd: string | undefined
  readonly #options: SupervisorOptions
  readonly #policy: RestartPolicy
  #run: Run | undefined
  #attempt = 0
  #readySinceMs: number | undefined
  #pause: Timer | undefined
  #asked = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#policy = options.policy ?? defaultRestartPolicy
  }

  get pid(): number | undefined {
    return this.#run?.pid
  }

  start(): void {
    if (this.#run !== undefined || this.state === 'stopping') return
    this.#pause?.cancel()
    this.#pause = undefined
    this.#asked = false
    this.#readySinceMs = undefined
    const run = this.#options.launch()
    this.#run = run
    this.#enter('starting')
    run.ended.then((how) => this.#ended(run, how))
  }

  report(ready: boolean): void {
    if (this.#run === undefined || this.state === 'stopping') return
    if (ready) this.#readySinceMs ??= this.#options.environment.clock.monotonic()
    else this.#readySinceMs = undefined
    if (!ready && this.state === 'starting') return
    this.#enter(ready ? 'ready' : 'unready')
  }

  async stop(withinMs: number): Promise<void> {
    this.#pause?.cancel()
    this.#pause = undefined
    await this.#end(withinMs)
    this.#enter('stopped')
  }

  async restart(withinMs: number): Promise<void> {
    if (this.state === 'stopping' || this.state === 'stopped') return
    await this.#end(withinMs)
    // Somebody may have said stop meanwhile.
    if (this.state === ('stopped' as SupervisedState)) return
    this.state = 'idle'
    this.#attempt = 0
    this.restarts++
    this.start()
  }

  async #end(withinMs: number): Promise<void> {
    const run = this.#run
    if (run === undefined) return
    this.#asked = true
    this.#enter('stopping')
    run.ask()
    const deadline = new AbortController()
    const killed = sleep(this.#options.environment.timers, withinMs, deadline.signal).then(
      () => run.kill(),
      () => undefined,
    )
    await run.ended
    deadline.abort()
    await killed
  }

  #ended(run: Run, how: string): void {
    if (this.#run !== run) return
    this.#run = undefined
    this.lastEnd = how
    if (this.#asked) return
    const { clock, random, timers } = this.#options.environment
    const healthyMs = this.#readySinceMs === undefined ? 0 : clock.monotonic() - this.#readySinceMs
    if (healthyMs >= this.#policy.healthyMs) this.#attempt = 0
    const delayMs = restartDelayMs(this.#policy, this.#attempt++, random.next())
    this.#enter('waiting')
    if (this.#options.onEnd?.(how, delayMs) === true) return this.#enter('failed')
    if (this.state !== 'waiting') return
    this.#pause = timers.after(delayMs, () => {
      this.restarts++
      this.start()
    })
  }

  #enter(state: SupervisedState): void {
    if (this.state === state) return
    this.state = state
    this.#options.onChange?.()
  }
}

/**
 * Creates a supervisor; nothing runs until `start`.
 *
 * @example
 * const supervisor = createSupervisor({ environment, launch: () => spawnHost('orders') })
 * supervisor.start()
 * await supervisor.stop(10_000)
 */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  return new ProcessSupervisor(options)
}
