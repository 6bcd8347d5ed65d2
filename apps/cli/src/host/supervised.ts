/**
 * A host under a parent: says hello, is configured over the pipe, tells how it is, ends when the parent says so or is gone.
 * Ctrl-C is the parent's business; SIGTERM from anybody drains.
 */
import type { Addresses } from 'banyan/control'
import { BanyanError, type Environment, isBanyanError, sleep } from 'banyan/core'
import type { System } from 'banyan/runtime'
import type { Log } from 'banyan/telemetry'
import { toMessage } from '../failure.ts'
import { toDescription } from './description.ts'
import { type HostProcess, startHostProcess } from './host-process.ts'
import type { Fault, FromHost, HostConfiguration, ToHost } from './messages.ts'

/** Time to drain when the parent is gone or something unforeseen happened: what it served is gone too. */
const orphanDrainMs = 3_000
/** How often the state is looked at and, when it has changed, told. */
const stateEveryMs = 200
/** What comes after the time to drain: closing, flushing. Then the process ends come what may. */
const graceMs = 2_500

/** See the top of the file. */
export interface SupervisedHostOptions {
  readonly system: System
  readonly services: readonly string[]
  readonly environment: Environment
  readonly log: Log
}

/** Resolves once it is sent, or cannot be. */
const tell = (message: FromHost): Promise<void> =>
  new Promise((resolve) => {
    if (process.connected) process.send?.(message, () => resolve())
    else resolve()
  })

class SupervisedHost {
  readonly #options: SupervisedHostOptions
  #running: HostProcess | undefined
  #addresses: Addresses | undefined
  #told = ''
  #ending: Promise<void> | undefined

  constructor(options: SupervisedHostOptions) {
    this.#options = options
  }

  listen(): void {
    process.on('message', (message) => this.#receive(message as ToHost))
    process.on('disconnect', () => this.end(orphanDrainMs, 0, 'the parent is gone'))
    process.on('SIGTERM', () => this.end(10_000, 0, 'asked to stop'))
    process.on('SIGINT', () => undefined)
    process.on('uncaughtException', (error) => this.#crash('uncaught exception', error))
    process.on('unhandledRejection', (error) => this.#crash('unhandled rejection', error))
    void tell({ type: 'hello', description: toDescription(this.#options.system) })
    this.#warmUp()
  }

  /** Loads the services while the databases are still being made; what is wrong with them shows again, and is told, at the start. */
  #warmUp(): void {
    const { system, services } = this.#options
    for (const entry of system.services) if (services.includes(entry.contract.name)) entry.load().catch(() => undefined)
  }

  #receive(message: ToHost): void {
    if (message.type === 'configure') void this.#start(message.configuration)
    else if (message.type === 'addresses') this.#learn(message.addresses)
    else if (message.type === 'stop') this.end(message.drainMs, 0, 'asked to stop')
    else void this.#report(message.id)
  }

  /** Also what is told while the host still starts: nobody tells it again. */
  #learn(addresses: Addresses): void {
    this.#addresses = addresses
    this.#running?.resolver.set(addresses)
  }

  async #start(configuration: HostConfiguration): Promise<void> {
    try {
      this.#running = await startHostProcess({ ...this.#options, configuration })
    } catch (error) {
      const fault = toFault(error)
      this.#options.log.error('the host cannot start', { error, hint: fault.hint })
      await tell({ type: 'failed', fault })
      return this.end(0, 1)
    }
    if (this.#addresses !== undefined) this.#running.resolver.set(this.#addresses)
    void this.#watchState(this.#running)
  }

  async #watchState(running: HostProcess): Promise<void> {
    for (;;) {
      this.#tellState(running)
      await sleep(this.#options.environment.timers, stateEveryMs)
    }
  }

  #tellState({ host, readiness }: HostProcess): void {
    const { ready, reasons } = readiness()
    const message: FromHost = { type: 'state', state: host.state, ready, reasons, address: host.address }
    const text = JSON.stringify(message)
    if (text === this.#told) return
    this.#told = text
    void tell(message)
  }

  async #report(id: number): Promise<void> {
    const report = await this.#running?.report()
    if (report !== undefined) await tell({ type: 'report', id, report })
  }

  #crash(what: string, error: unknown): void {
    this.#options.log.error(what, { error })
    this.end(1_000, 1)
  }

  /** Drains and exits; a second reason to end does not wait any longer. */
  end(drainMs: number, exitCode: number, why?: string): void {
    if (this.#ending !== undefined) return
    if (why !== undefined) this.#options.log.info(`stopping: ${why}`)
    const { timers } = this.#options.environment
    timers.after(drainMs + graceMs, () => process.exit(1))
    this.#ending = (async () => {
      const clean = (await this.#running?.stop(drainMs)) ?? true
      if (this.#running !== undefined) this.#tellState(this.#running)
      if (!clean) this.#options.log.warn('stopped with work under way cut off')
      process.exit(exitCode)
    })()
  }
}

/** Runs; the process ends by itself. */
export function runSupervised(options: SupervisedHostOptions): void {
  new SupervisedHost(options).listen()
}

/** An error as the parent shows it: final when only a person can change it. */
export function toFault(error: unknown): Fault {
  const known = isBanyanError(error) ? error : undefined
  const causes = known?.cause instanceof AggregateError ? known.cause.errors : [error]
  const final = causes.every(isFinal)
  const hint =
    known?.hint ?? causes.map((cause) => (isBanyanError(cause) ? cause.hint : undefined)).find((text) => text)
  return { message: toMessage(error), hint, reason: known?.reason, final }
}

const finalCodes: ReadonlySet<string> = new Set(['INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'UNIMPLEMENTED'])

function isFinal(error: unknown): boolean {
  if (error instanceof BanyanError) return finalCodes.has(error.code)
  return error instanceof SyntaxError || error instanceof TypeError || isModuleError(error)
}

const isModuleError = (error: unknown): boolean =>
  String((error as { code?: unknown } | undefined)?.code ?? '').startsWith('ERR_MODULE')
