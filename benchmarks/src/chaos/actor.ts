/** One producer or consumer of the rig: a process that may be killed and stopped at any moment and is started again. */
import { type ChildProcess, fork } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ActorGiven, ActorMessage, ActorOrder } from './scene.ts'

const compileCache = join(tmpdir(), 'banyan-chaos-compile-cache')
/** Restarts of one actor; a rig whose actors cannot stay alive must end. */
const maxRestarts = 10_000

export class Actor {
  readonly #module: URL
  readonly #hear: (message: ActorMessage) => void
  #given: ActorGiven
  #child: ChildProcess | undefined
  #resume: NodeJS.Timeout | undefined
  #respawn: NodeJS.Timeout | undefined
  #wanted = true
  #quiet = false
  #ready = false
  #waiting: { readonly for: ActorMessage['say']; readonly resolve: () => void }[] = []
  /** How often it was started. */
  starts = 0

  constructor(module: URL, given: ActorGiven, hear: (message: ActorMessage) => void) {
    this.#module = module
    this.#given = given
    this.#hear = hear
  }

  get name(): string {
    return this.#given.name
  }
  get isAlive(): boolean {
    return this.#child !== undefined
  }

  /** It has reached its database and the log. */
  get isReady(): boolean {
    return this.#ready
  }

  /** Starts it, and again after every end, until it is stopped. */
  start(): void {
    if (++this.starts > maxRestarts) throw new Error(`${this.name} ended ${maxRestarts} times`)
    // Starting fast leaves more of the time for being killed at work.
    const env = { ...process.env, NODE_COMPILE_CACHE: compileCache }
    const child = fork(this.#module, [JSON.stringify(this.#given)], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env,
    })
    this.#child = child
    child.on('message', (message: ActorMessage) => this.#listen(child, message))
    child.on('error', () => undefined)
    child.on('exit', () => this.#exited())
  }

  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  /** SIGSTOP, and SIGCONT so much later. */
  pause(ms: number): void {
    clearTimeout(this.#resume)
    this.#child?.kill('SIGSTOP')
    this.#resume = setTimeout(() => this.resume(), ms)
  }

  resume(): void {
    clearTimeout(this.#resume)
    this.#child?.kill('SIGCONT')
  }

  /** Resolves when it has said that nothing of its own is under way any more; over restarts. */
  async becomeQuiet(): Promise<void> {
    this.#quiet = true
    this.#given = { ...this.#given, rate: 0 }
    const said = this.#said('quiet')
    this.#order('be quiet')
    await said
  }

  /** Lets it end in order, and ends it after ten seconds. */
  async stop(): Promise<void> {
    this.#wanted = false
    clearTimeout(this.#respawn)
    const child = this.#child
    if (child === undefined) return
    this.resume()
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    this.#order('stop')
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await gone
    clearTimeout(late)
  }

  #order(order: ActorOrder): void {
    if (this.#child?.connected) this.#child.send(order, () => undefined)
  }

  #said(what: ActorMessage['say']): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ for: what, resolve }))
  }

  #listen(child: ChildProcess, message: ActorMessage): void {
    if (child !== this.#child) return
    this.#hear(message)
    if (message.say === 'ready') this.#ready = true
    if (message.say === 'ready' && this.#quiet) this.#order('be quiet')
    for (const waiter of this.#waiting.filter((one) => one.for === message.say)) waiter.resolve()
    this.#waiting = this.#waiting.filter((one) => one.for !== message.say)
  }

  #exited(): void {
    clearTimeout(this.#resume)
    this.#child = undefined
    this.#ready = false
    if (this.#wanted) this.#respawn = setTimeout(() => this.start(), 100 + 400 * (this.starts % 3))
  }
}
