/** One host as the parent sees it: a supervised process, configured when it says hello, believed about its own state. */

import { createSupervisor, type HostPlan, type Registry, type Run, type Supervisor } from 'banyan/control'
import type { Environment } from 'banyan/core'
import type { SystemDescription } from '../host/description.ts'
import type { Fault, FromHost, HostConfiguration, HostReport, ToHost } from '../host/messages.ts'
import { type Child, startChild } from '../process/child.ts'

/** See the top of the file. */
export interface HostChild {
  readonly plan: HostPlan
  readonly supervisor: Supervisor
  readonly child: Child | undefined
  /** Why it is not ready, as it says. */
  readonly reasons: readonly string[]
  readonly address: string | undefined
  /** Its account of itself, the last known when it does not answer in time. */
  report(withinMs: number): Promise<HostReport | undefined>
  send(message: ToHost): void
  stop(drainMs: number): Promise<void>
  restart(drainMs: number): Promise<void>
}

/** What {@link createHostChild} takes. */
export interface HostChildOptions {
  readonly environment: Environment
  readonly plan: HostPlan
  readonly registry: Registry
  readonly command: readonly [string, ...string[]]
  readonly folder: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Given once the host has said which system it found. */
  readonly configure: (found: SystemDescription) => Promise<HostConfiguration>
  readonly onLine: (line: string) => void
  readonly onChange: () => void
  /** It ended unasked; `fault` when it said why. `true` gives it up. */
  readonly onEnd: (how: string, fault: Fault | undefined, retryInMs: number) => boolean
}

/** A host gets a moment more than its time to drain, for closing, before it is ended by force. */
const closeMs = 3_000

class Host implements HostChild {
  readonly plan: HostPlan
  readonly supervisor: Supervisor
  child: Child | undefined
  reasons: readonly string[] = []
  address: string | undefined
  readonly #options: HostChildOptions
  #fault: Fault | undefined
  #drainMs = 0
  #report: HostReport | undefined
  #nextReport = 1
  readonly #waiting = new Map<number, (report: HostReport) => void>()

  constructor(options: HostChildOptions) {
    this.#options = options
    this.plan = options.plan
    this.supervisor = createSupervisor({
      environment: options.environment,
      launch: () => this.#launch(),
      onChange: options.onChange,
      onEnd: (how, retryInMs) => options.onEnd(how, this.#fault, retryInMs),
    })
  }

  #launch(): Run {
    this.#fault = undefined
    this.reasons = ['starting']
    const { command, folder, env, onLine, registry } = this.#options
    const child = startChild({
      command,
      folder,
      env,
      messages: true,
      onLine,
      onMessage: (message) => this.#receive(message),
    })
    this.child = child
    const ended = child.ended.then((how) => {
      registry.remove(this.plan.name)
      this.address = undefined
      this.reasons = [`ended: ${how}`]
      this.#report = undefined
      child.sweep()
      return how
    })
    const ask = (): void => child.send({ type: 'stop', drainMs: this.#drainMs } satisfies ToHost)
    return { pid: child.pid, ended, ask, kill: child.kill }
  }

  #receive(message: unknown): void {
    const told = message as FromHost
    if (told.type === 'hello') void this.#configure(told.description)
    else if (told.type === 'failed') this.#fault = told.fault
    else if (told.type === 'report') this.#reported(told.id, told.report)
    else this.#stateChanged(told)
  }

  /** Whoever provides the databases says so when it cannot; the host then waits until it is ended. */
  async #configure(found: SystemDescription): Promise<void> {
    const { child } = this
    const configuration = await this.#options.configure(found).catch(() => undefined)
    if (configuration !== undefined) child?.send({ type: 'configure', configuration } satisfies ToHost)
  }

  #stateChanged({ ready, reasons, address }: Extract<FromHost, { readonly type: 'state' }>): void {
    this.reasons = reasons
    this.address = address
    this.#options.registry.register({ host: this.plan.name, services: this.plan.services, address, ready })
    this.supervisor.report(ready)
    this.#options.onChange()
  }

  #reported(id: number, report: HostReport): void {
    this.#report = report
    this.#waiting.get(id)?.(report)
    this.#waiting.delete(id)
  }

  report(withinMs: number): Promise<HostReport | undefined> {
    if (this.supervisor.pid === undefined) return Promise.resolve(undefined)
    const id = this.#nextReport++
    return new Promise((resolve) => {
      const timer = this.#options.environment.timers.after(withinMs, () => {
        this.#waiting.delete(id)
        resolve(this.#report)
      })
      this.#waiting.set(id, (report) => {
        timer.cancel()
        resolve(report)
      })
      this.send({ type: 'report', id })
    })
  }

  send(message: ToHost): void {
    this.child?.send(message)
  }

  async stop(drainMs: number): Promise<void> {
    this.#leave(drainMs)
    await this.supervisor.stop(drainMs === 0 ? 0 : drainMs + closeMs)
  }

  async restart(drainMs: number): Promise<void> {
    this.#leave(drainMs)
    await this.supervisor.restart(drainMs + closeMs)
  }

  /** Nobody is sent to it any more. */
  #leave(drainMs: number): void {
    this.#drainMs = drainMs
    this.#options.registry.remove(this.plan.name)
  }
}

/** Creates it; nothing runs until its supervisor is started. */
export function createHostChild(options: HostChildOptions): HostChild {
  return new Host(options)
}
