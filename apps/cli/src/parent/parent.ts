/**
 * The parent of a system on one machine: owns the database server, the hosts, the programs beside them and the status page;
 * serves no request itself. What it starts it ends, in order, whatever happens.
 */
import { join } from 'node:path'
import { filePasswords, type Provisioned, provision } from '@banyan/postgres'
import { type ConnectionPlan, planConnections, planTopology } from 'banyan/control'
import type { Environment } from 'banyan/core'
import { CommandError } from '../failure.ts'
import type { Fault } from '../host/messages.ts'
import type { ConsoleLog } from '../log/console-log.ts'
import { identifyProcess } from '../process/identity.ts'
import { reservePort } from '../process/ports.ts'
import { type RecordedChild, writeRunRecord } from '../process/run-record.ts'
import { type DevSettings, overrideOf } from '../settings/dev-settings.ts'
import type { Project } from '../settings/project.ts'
import { type ControlPort, openControlPort } from './control-port.ts'
import { type DataDirectory, openDataDirectory } from './data-directory.ts'
import { type SystemDatabase, startDatabase } from './database.ts'
import { describeSystem, type SystemDescription } from './describe.ts'
import { toChildEnv } from './environment.ts'
import { createExtraChild, type ExtraChild } from './extra-child.ts'
import { createHostGroup, type HostGroup } from './host-group.ts'

/** What a parent is made of. */
export interface ParentOptions {
  readonly environment: Environment
  /** Ports may be 0; the parent finds free ones. */
  readonly settings: DevSettings
  readonly project: Project
  /** Path of this command's main module, which hosts are started with. */
  readonly cli: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: ConsoleLog
}

/** Connections that an embedded server allows unless a system needs more. */
const usualConnections = 120
/** Between what the pools may hold and what the server allows. */
const spareConnections = 20
/** Hosts that are restarted for new code have this long for what they are doing. */
const restartDrainMs = 3_000
/** A port may still be held by what an earlier parent had left running. */
const portPatienceMs = 3_000

export type ParentState = 'starting' | 'running' | 'stopping'

/** See the top of the file. */
export class Parent {
  readonly options: ParentOptions
  state: ParentState = 'starting'
  settings: DevSettings
  system: SystemDescription | undefined
  data: DataDirectory | undefined
  database: SystemDatabase | undefined
  hosts: HostGroup | undefined
  extras: readonly ExtraChild[] = []
  /** Resolves with the reason when the system cannot go on. */
  readonly gaveUp: Promise<Error>
  #giveUp: (error: Error) => void = () => undefined
  #control: ControlPort | undefined
  #starting: Promise<void> | undefined
  #databases: Provisioned | undefined
  #recorded = ''
  #wasReady = false
  #changed: () => void = () => undefined

  constructor(options: ParentOptions) {
    this.options = options
    this.settings = options.settings
    const { promise, resolve } = Promise.withResolvers<Error>()
    this.gaveUp = promise
    this.#giveUp = resolve
  }

  get controlUrl(): string {
    return `http://127.0.0.1:${this.settings.controlPort}`
  }
  get gatewayUrl(): string {
    return `http://127.0.0.1:${this.settings.gatewayPort}`
  }
  get allReady(): boolean {
    const extras = this.extras.every(({ supervisor }) => supervisor.state === 'ready')
    return extras && this.hosts?.allReady === true && this.database?.state === 'ready'
  }

  /** Resolves when everything is ready for the first time. Rejects when something cannot be started; call `stop` then. */
  start(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  async #start(): Promise<void> {
    const { settings, project } = this.options
    const processNames = settings.processes.map(({ name }) => name)
    this.data = await openDataDirectory(settings.dataDir, { fresh: settings.fresh, processNames })
    for (const { name, pid } of this.data.ended) this.#say(`ended ${name} (pid ${pid}) of an earlier run`, 'warn')
    await this.#reservePorts(this.data.ended.length > 0 ? portPatienceMs : 0)
    this.#control = await openControlPort(this)
    this.#startExtras()
    const [database, system] = await Promise.all([
      this.#startDatabase(usualConnections),
      describeSystem({ cli: this.options.cli, projectFolder: project.folder, env: this.#childEnv() }),
    ])
    this.system = system
    await this.#startHosts(system, database)
    await this.#untilReady()
    this.state = 'running'
    this.#wasReady = true
  }

  async #startHosts(system: SystemDescription, database: SystemDatabase): Promise<void> {
    const services = system.services.map(({ name }) => name)
    const plans = planTopology(services, this.settings.split)
    const connections = planConnections(plans)
    const enough = await this.#withConnections(database, connections)
    this.#databases = await this.#provision(system, enough)
    this.#assertGoing()
    this.hosts = createHostGroup({
      environment: this.options.environment,
      plans,
      connections,
      databases: this.#databases,
      gatewayPort: this.settings.gatewayPort,
      dataDir: this.settings.dataDir,
      projectFolder: this.options.project.folder,
      cli: this.options.cli,
      env: this.#childEnv(),
      onLine: (from, line) => this.options.log.line(from, line),
      onChange: () => this.#onChange(),
      onEnd: (host, how, fault, retryInMs) => this.#hostEnded(host, how, fault, retryInMs),
    })
    this.hosts.start()
  }

  async #reservePorts(patienceMs: number): Promise<void> {
    const { settings } = this
    const gatewayPort = await reservePort(
      { port: settings.gatewayPort, owner: 'the gateway', setting: '--gateway-port or BANYAN_GATEWAY_PORT' },
      patienceMs,
    )
    const controlPort = await reservePort(
      { port: settings.controlPort, owner: 'the status page', setting: '--control-port or BANYAN_CONTROL_PORT' },
      patienceMs,
    )
    const processes = []
    for (const one of settings.processes) {
      const { port, listensOn = 0 } = one
      const wanted = { port: listensOn, owner: one.name, setting: port?.env ?? '' }
      processes.push({ ...one, listensOn: port && (await reservePort(wanted, patienceMs)) })
    }
    this.settings = { ...settings, gatewayPort, controlPort, processes }
  }

  #startExtras(): void {
    const { environment, log, project } = this.options
    this.extras = this.settings.processes.map((spec) =>
      createExtraChild({
        environment,
        spec,
        folder: project.folder,
        env: this.#childEnv(),
        onLine: (line) => log.line(spec.name, line),
        onChange: () => this.#onChange(),
        onEnd: (how, retryInMs) => this.#say(ended(spec.name, how, retryInMs), 'warn'),
      }),
    )
    for (const { supervisor } of this.extras) supervisor.start()
  }

  async #startDatabase(connections: number): Promise<SystemDatabase> {
    this.database = await startDatabase({
      environment: this.options.environment,
      dataDir: join(this.settings.dataDir, 'postgres'),
      url: this.settings.databaseUrl,
      connections,
      onLine: (line) => this.options.log.line('postgres', line),
      say: (message, level) => this.#say(message, level),
    })
    return this.database
  }

  /** A system of very many services needs a server that allows more. */
  async #withConnections(database: SystemDatabase, { total }: ConnectionPlan): Promise<SystemDatabase> {
    if (database.mode === 'server' || total + spareConnections <= usualConnections) return database
    await database.stop()
    return this.#startDatabase(total + spareConnections)
  }

  #provision(system: SystemDescription, database: SystemDatabase): Promise<Provisioned> {
    this.#assertGoing()
    const services = system.services.map(({ name }) => name)
    const { databaseOverrides, dataDir } = this.settings
    return provision({
      adminUrl: database.url,
      system: system.name,
      services,
      passwords: filePasswords(join(dataDir, 'passwords')),
      overrides: Object.fromEntries([...services, 'bus'].map((name) => [name, overrideOf(databaseOverrides, name)])),
      log: (message) => this.#say(message),
    })
  }

  #childEnv(): Readonly<Record<string, string | undefined>> {
    return toChildEnv(this.options.env, this.settings)
  }

  #untilReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#changed = () => {
        if (this.state === 'stopping') reject(new CommandError('stopped before it was ready'))
        else if (this.allReady) resolve()
      }
      this.gaveUp.then(reject)
      this.#changed()
    })
  }

  #onChange(): void {
    this.#record()
    this.#changed()
  }

  #record(): void {
    const parent = identifyProcess(process.pid)
    if (parent === undefined || this.data === undefined) return
    const children = [
      ...(this.hosts?.hosts ?? []).map(({ plan, child }) => ({ name: plan.name, kind: 'host' as const, child })),
      ...this.extras.map(({ spec, child }) => ({ name: spec.name, kind: 'process' as const, child })),
    ].flatMap(({ name, kind, child }): RecordedChild[] => (child?.identity ? [{ name, kind, ...child.identity }] : []))
    const text = JSON.stringify(children)
    if (text === this.#recorded) return
    this.#recorded = text
    writeRunRecord(this.data.path, { parent, gateway: this.gatewayUrl, control: this.controlUrl, children })
  }

  #hostEnded(host: string, how: string, fault: Fault | undefined, retryInMs: number): boolean {
    if (fault?.final !== true) {
      this.#say(ended(host, fault?.message ?? how, retryInMs), 'warn')
      return false
    }
    this.#say(`${host} cannot run: ${fault.message}${fault.hint === undefined ? '' : ` (${fault.hint})`}`, 'error')
    if (!this.#wasReady && !this.settings.watch) this.#giveUp(new CommandError(fault.message, fault.hint))
    return this.settings.watch
  }

  /** Hosts begin anew with the code as it is now; the system may have got other services. */
  async reload(): Promise<void> {
    const { cli, project } = this.options
    const system = await describeSystem({ cli, projectFolder: project.folder, env: this.#childEnv() })
    this.#assertGoing()
    const same =
      JSON.stringify(system.services.map(({ name }) => name)) ===
      JSON.stringify(this.system?.services.map(({ name }) => name))
    this.system = system
    if (same && this.hosts !== undefined) return this.hosts.restart(restartDrainMs)
    await this.hosts?.stop(() => restartDrainMs)
    this.#assertGoing()
    if (this.database !== undefined) await this.#startHosts(system, this.database)
  }

  /** Ends everything in order: gateway, hosts, extra processes, database. At the end of `drainMs` by force. */
  async stop(drainMs: number): Promise<void> {
    const { clock } = this.options.environment
    const endMs = clock.monotonic() + drainMs
    const left = (): number => Math.max(0, endMs - clock.monotonic())
    this.state = 'stopping'
    this.#changed()
    await this.#starting?.catch(() => undefined)
    await this.hosts?.stop(left)
    await Promise.all(this.extras.map(({ supervisor }) => supervisor.stop(Math.max(1_000, left()))))
    await this.database?.stop()
    await this.#control?.close()
    this.data?.close()
  }

  /** Ends all children at once; the database's guardian ends the database. For when nobody wants to wait any more. */
  kill(): void {
    for (const { child } of [...(this.hosts?.hosts ?? []), ...this.extras]) child?.kill()
  }

  #assertGoing(): void {
    if (this.state === 'stopping') throw new CommandError('stopped before it was ready')
  }

  #say(message: string, level: 'info' | 'warn' | 'error' = 'info'): void {
    this.options.log.say(message, level)
  }
}

const ended = (name: string, how: string, retryInMs: number): string =>
  `${name} ended (${how}); starting it again in ${(retryInMs / 1_000).toFixed(1)} s`
