/** A host process as the rig sees it: started, armed, asked; and what happened to it. */
import { type ChildProcess, fork } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Fault, hitLine } from './points.ts'
import type { FromHost, HostGiven, ToHost } from './words.ts'

const compileCache = join(tmpdir(), 'banyan-chaos-compile-cache')
/** How long a process may take to come up on a busy machine, in milliseconds. */
const startMs = 30_000
/** How long an answer is waited for: a process that is stopped gives none. */
const askMs = 5_000

type Asking =
  | { say: 'arm'; fault: Fault | undefined }
  | { say: 'disarm' }
  | { say: 'points' }
  | Omit<ToHost & { say: 'invoke' }, 'id'>

export class HostProcess {
  readonly name: string
  /** It has come to where it was armed. */
  hit = false
  address = ''
  gateway: string | undefined
  readonly #child: ChildProcess
  readonly #gone: Promise<void>
  readonly #ready = Promise.withResolvers<void>()
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>()
  #onHit: () => void = () => undefined
  #next = 1
  #isAlive = true
  #isStopped = false
  #isUp = false

  constructor(given: HostGiven, env: Readonly<Record<string, string>>) {
    this.name = given.name
    this.#child = fork(new URL('./host.ts', import.meta.url), [JSON.stringify(given)], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: { ...process.env, ...env, NODE_COMPILE_CACHE: compileCache },
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes(hitLine)) this.#wasHit()
    })
    this.#child.on('message', (message: FromHost) => this.#hear(message))
    this.#child.on('error', () => undefined)
    this.#gone = new Promise((resolve) => this.#child.once('exit', () => resolve(this.#exited())))
  }

  get isAlive(): boolean {
    return this.#isAlive
  }
  /** Alive and not known to be stopped. */
  get isWell(): boolean {
    return this.#isAlive && !this.#isStopped && this.#isUp
  }

  /** Resolves when it serves. */
  async ready(): Promise<this> {
    const late = setTimeout(
      () => this.#ready.reject(new Error(`${this.name} did not come up within ${startMs} ms`)),
      startMs,
    )
    await this.#ready.promise.finally(() => clearTimeout(late))
    return this
  }

  /** Numbers its points from 1; with a fault, something happens to it at one of them. */
  async arm(fault: Fault | undefined, onHit: () => void = () => undefined): Promise<void> {
    this.hit = false
    this.#onHit = onHit
    await this.#ask({ say: 'arm', fault })
  }
  async disarm(): Promise<void> {
    await this.#ask({ say: 'disarm' })
  }
  points(): Promise<readonly string[]> {
    return this.#ask({ say: 'points' }) as Promise<readonly string[]>
  }
  invoke(operation: string, input: unknown, key: string): Promise<unknown> {
    return this.#ask({ say: 'invoke', operation, input, key })
  }
  tell(addresses: Readonly<Record<string, readonly string[]>>): void {
    this.#send({ say: 'addresses', addresses })
  }
  goOn(): void {
    this.#send({ say: 'go on' })
  }
  /** It has stopped itself. */
  noteStopped(): void {
    this.#isStopped = true
  }
  resume(): void {
    this.#isStopped = false
    this.#child.kill('SIGCONT')
  }
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#gone
  }
  gone(): Promise<void> {
    return this.#gone
  }

  #send(message: ToHost): void {
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }

  async #ask(question: Asking): Promise<unknown> {
    const id = this.#next++
    const answer = Promise.withResolvers<unknown>()
    this.#asked.set(id, answer)
    if (!this.#isAlive) answer.reject(new Error(`${this.name} is gone`))
    const late = setTimeout(() => answer.reject(new Error(`${this.name} does not answer`)), askMs)
    this.#send({ ...question, id } as ToHost)
    try {
      return await answer.promise
    } finally {
      clearTimeout(late)
      this.#asked.delete(id)
    }
  }

  #hear(message: FromHost): void {
    if (message.say === 'ready') {
      this.address = message.address
      this.#isUp = true
      this.gateway = message.gateway
      return this.#ready.resolve()
    }
    const answer = this.#asked.get(message.id)
    if (message.error === undefined) answer?.resolve(message.ok)
    else answer?.reject(new Error(message.error))
  }

  #wasHit(): void {
    this.hit = true
    this.#onHit()
  }

  #exited(): void {
    this.#isAlive = false
    this.#ready.reject(new Error(`${this.name} ended before it served`))
    for (const answer of this.#asked.values()) answer.reject(new Error(`${this.name} is gone`))
  }
}
