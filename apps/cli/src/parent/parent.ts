/**
 * The parent of a system on one machine: owns the database server, the hosts, the programs beside them and the status page;
 * serves no request itself. What it starts it ends, in order, whatever happens.
 */
import type { Provisioned } from '@banyan/postgres'
import { planConnections, planTopology } from 'banyan/control'
import type { Environment } from 'banyan/core'
import { CommandError } from '../failure.ts'
import { type SystemDescription, shapeOf } from '../host/description.ts'
import type { Fault } from '../host/messages.ts'
import type { DevSettings } from '../settings/dev-settings.ts'
import { type ControlPort, openControlPort } from './control-port.ts'
import { type DataDirectory, openDataDirectory } from './data-directory.ts'
import type { SystemDatabase } from './database.ts'
import { describeSystem } from './describe.ts'
import { toChildEnv } from './environment.ts'
import { createExtraChildren, type ExtraChild } from './extra-child.ts'
import { createHostGroup, type HostGroup } from './host-group.ts'
import { noteKnownSystem, readKnownSystem } from './known-system.ts'
import type { ParentOptions } from './parent-options.ts'
import { placePorts } from './placing.ts'
import { createRunRecorder, type Running } from './run-recorder.ts'
import { SystemDatabases } from './system-databases.ts'
import { SystemSchemas } from './system-schemas.ts'
import type { ParentState, SystemView } from './system-view.ts'
import { ended, stopped } from './words.ts'

/** Hosts that are restarted for new code have this long for what they are doing. */
const restartDrainMs = 3_000
/** A port may still be held by what an earlier parent had left running. */
const portPatienceMs = 3_000

/** See the top of the file. */
export class Parent implements SystemView {
  readonly options: ParentOptions
  state: ParentState = 'starting'
  settings: DevSettings
  system: SystemDescription | undefined
  data: DataDirectory | undefined
  hosts: HostGroup | undefined
  provisioned: Promise<Provisioned> | undefined
  extras: readonly ExtraChild[] = []
  /** Rejects when the start cannot go on: somebody said stop, or something is wrong that only a person can change. */
  readonly #halted: Promise<never>
  #halt: (error: Error) => void = () => undefined
  #control: ControlPort | undefined
  #starting: Promise<void> | undefined
  #databases: SystemDatabases | undefined
  #schemas: SystemSchemas | undefined
  #record: (running: Running) => void = () => undefined
  #wasReady = false
  #changed: () => void = () => undefined

  constructor(options: ParentOptions) {
    this.options = options
    this.settings = options.settings
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => undefined)
    this.#halted = promise
    this.#halt = reject
  }

  get environment(): Environment {
    return this.options.environment
  }
  get controlUrl(): string {
    return `http://127.0.0.1:${this.settings.controlPort}`
  }
  get gatewayUrl(): string {
    return `http://127.0.0.1:${this.settings.gatewayPort}`
  }
  get database(): SystemDatabase | undefined {
    return this.#databases?.server
  }
  get schemasUrl(): string | undefined {
    return this.#schemas?.origin
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
    const { environment, settings, log, env } = this.options
    const processNames = settings.processes.map(({ name }) => name)
    this.data = await openDataDirectory(settings.dataDir, { fresh: settings.fresh, processNames })
    const { ended: left, path } = this.data
    for (const { name, pid } of left) this.#say(`ended ${name} (pid ${pid}) of an earlier run`, 'warn')
    this.settings = await placePorts(settings, left.length > 0 ? portPatienceMs : 0)
    this.#record = createRunRecorder(path, { gateway: this.gatewayUrl, control: this.controlUrl })
    this.#control = await openControlPort(this)
    const verbose = env['BANYAN_LOG_LEVEL'] === 'debug'
    this.#databases = new SystemDatabases({ environment, settings: this.settings, log, verbose })
    const { schemaPort: port } = this.settings
    if (port !== undefined) this.#schemas = new SystemSchemas({ environment, port, token: this.data.token })
    this.extras = createExtraChildren(this.settings.processes, {
      environment,
      folder: this.options.project.folder,
      env: this.#childEnv(),
      onLine: (from, line) => log.line(from, line),
      onChange: () => this.#onChange(),
      onEnd: (name, how, retryInMs) => this.#say(ended(name, how, retryInMs), 'warn'),
    })
    for (const { supervisor } of this.extras) supervisor.start()
    this.#onChange()
    await this.#startHosts(this.#databases)
    await this.#untilReady()
    this.state = 'running'
    this.#wasReady = true
  }

  /**
   * Processes take longest to start, so they are started while the databases are still being made, and by what the system
   * was the last time; when they find that it has changed, they are started anew.
   */
  async #startHosts(databases: SystemDatabases): Promise<void> {
    databases.start().catch(() => undefined)
    const { systemPath } = this.options.project
    const guess = readKnownSystem(this.settings.dataDir, systemPath, this.settings.split)
    const guessed = guess && this.#launch(guess, databases)
    const found =
      guessed === undefined ? await this.#describe() : await Promise.race([guessed.hosts.found, this.#halted])
    if (guess === undefined || shapeOf(found) !== shapeOf(guess)) await this.#launchAnew(found, databases)
    else await guessed?.provisioned
    this.system = found
    await noteKnownSystem(this.settings.dataDir, systemPath, found)
  }

  async #launchAnew(system: SystemDescription, databases: SystemDatabases): Promise<void> {
    await this.hosts?.stop(() => restartDrainMs)
    this.#assertGoing()
    this.system = system
    await this.#launch(system, databases).provisioned
  }

  /** `provisioned` rejects when the databases cannot be made, or the registry cannot be opened. */
  #launch(system: SystemDescription, databases: SystemDatabases): { hosts: HostGroup; provisioned: Promise<unknown> } {
    const { environment, cli, project, log } = this.options
    const names = system.services.map(({ name }) => name)
    const plans = planTopology(names, this.settings.split)
    const connections = planConnections(plans)
    const provisioned = databases.provision(system, connections)
    provisioned.catch(() => undefined)
    this.provisioned = provisioned
    const schemas = this.#schemas?.open(provisioned, system.name) ?? Promise.resolve(undefined)
    schemas.catch(() => undefined)
    const hosts = createHostGroup({
      environment,
      system,
      plans,
      connections,
      databases: provisioned,
      schemas,
      gatewayPort: this.settings.gatewayPort,
      dataDir: this.settings.dataDir,
      projectFolder: project.folder,
      cli,
      env: this.#childEnv(),
      onLine: (from, line) => log.line(from, line),
      onChange: () => this.#onChange(),
      onEnd: (host, how, fault, retryInMs) => this.#hostEnded(host, how, fault, retryInMs),
    })
    this.hosts = hosts
    hosts.start()
    const all = Promise.all([provisioned, schemas])
    all.catch(() => undefined)
    return { hosts, provisioned: all }
  }

  #describe(): Promise<SystemDescription> {
    const { cli, project } = this.options
    return describeSystem({ cli, projectFolder: project.folder, env: this.#childEnv() })
  }

  #childEnv(): Readonly<Record<string, string | undefined>> {
    return toChildEnv(this.options.env, this.settings)
  }

  #untilReady(): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      this.#changed = () => {
        if (this.allReady) resolve()
      }
      this.#changed()
    })
    return Promise.race([ready, this.#halted])
  }

  #onChange(): void {
    const { extras, database, schemasUrl } = this
    this.#record({ hosts: this.hosts?.hosts ?? [], extras, database, schemas: schemasUrl })
    this.#changed()
  }

  #hostEnded(host: string, how: string, fault: Fault | undefined, retryInMs: number): boolean {
    if (fault?.final !== true) {
      this.#say(ended(host, fault?.message ?? how, retryInMs), 'warn')
      return false
    }
    this.#say(`${host} cannot run: ${fault.message}${fault.hint === undefined ? '' : ` (${fault.hint})`}`, 'error')
    if (!this.#wasReady && !this.settings.watch) this.#halt(new CommandError(fault.message, fault.hint))
    return this.settings.watch
  }

  /** Hosts begin anew with the code as it is now; the system may have got other services. */
  async reload(): Promise<void> {
    const system = await this.#describe()
    this.#assertGoing()
    const known = this.system
    this.system = system
    if (this.hosts === undefined || this.#databases === undefined) return
    if (known !== undefined && shapeOf(system) !== shapeOf(known)) await this.#launchAnew(system, this.#databases)
    else await this.hosts.restart(restartDrainMs)
  }

  /** Ends everything in order: gateway, hosts, extra processes, database. At the end of `drainMs` by force. */
  async stop(drainMs: number): Promise<void> {
    const { clock } = this.options.environment
    const endMs = clock.monotonic() + drainMs
    const left = (): number => Math.max(0, endMs - clock.monotonic())
    this.state = 'stopping'
    this.#halt(stopped())
    await this.#starting?.catch(() => undefined)
    await this.hosts?.stop(left)
    await Promise.all(this.extras.map(({ supervisor }) => supervisor.stop(Math.max(1_000, left()))))
    await this.#control?.close()
    await this.#schemas?.close()
    await this.#databases?.stop()
    this.data?.close()
  }

  /** Ends all children at once; the database's guardian ends the database. For when nobody wants to wait any more. */
  kill(): void {
    for (const { child } of [...(this.hosts?.hosts ?? []), ...this.extras]) child?.kill()
  }

  #assertGoing(): void {
    if (this.state === 'stopping') throw stopped()
  }

  #say(message: string, level: 'info' | 'warn' | 'error' = 'info'): void {
    this.options.log.say(message, level)
  }
}
