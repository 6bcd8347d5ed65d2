/**
 * One thing to measure, in a process of its own: what one variant does to the compiler's type feedback or to the heap must
 * not be paid by another. The parent asks, the child answers; between questions the child is idle.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

type Reply = { readonly value: unknown } | { readonly error: string }

const answerMs = 120_000

/** A child process that answers questions one at a time. */
export class Peer {
  readonly #child: ChildProcess
  constructor(child: ChildProcess) {
    this.#child = child
  }
  get pid(): number {
    return this.#child.pid ?? 0
  }
  /** Asks and waits for the answer; rejects when the child fails, ends or takes longer than two minutes. */
  ask<Answer>(question: string, given: unknown = undefined): Promise<Answer> {
    const child = this.#child
    return new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => finish(() => reject(new Error(`no answer to '${question}'`))), answerMs)
      const onMessage = (reply: Reply): void =>
        finish(() => ('error' in reply ? reject(new Error(reply.error)) : resolve(reply.value as Answer)))
      const onExit = (code: number | null): void => finish(() => reject(new Error(`the process ended with ${code}`)))
      const finish = (then: () => void): void => {
        clearTimeout(timer)
        child.off('message', onMessage as never).off('exit', onExit)
        then()
      }
      child.on('message', onMessage as never).once('exit', onExit)
      child.send({ question, given })
    })
  }
  /** Asks it to end; ends it after five seconds. */
  async stop(): Promise<void> {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
    if (child.connected) child.send({ question: 'stop', given: undefined })
    await gone
    clearTimeout(timer)
  }
}

/** Starts a module of this package as a peer. `NODE_ENV` is production for everybody; the rest of the environment is passed on. */
export async function startPeer(
  module: URL,
  options: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Peer> {
  const child = fork(module, [...(options.args ?? [])], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production', ...options.env },
  })
  const ready = once(child, 'message')
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`${module.pathname.split('/').at(-1)} ended with ${code} before it was ready`)
  })
  await Promise.race([ready, gone])
  gone.catch(() => {})
  return new Peer(child)
}

/** In the child: answers questions by name. Call it once everything is ready. */
export function answerParent(
  answers: Readonly<Record<string, (given: never) => unknown>>,
  stop: () => unknown = () => {},
): void {
  const send = (message: unknown): void => void process.send?.(message)
  process.on('message', async ({ question, given }: { question: string; given: never }) => {
    if (question === 'stop') {
      await stop()
      process.exit(0)
    }
    try {
      const answer = answers[question]
      if (answer === undefined) throw new Error(`this process knows no question '${question}'`)
      send({ value: await answer(given) })
    } catch (error) {
      send({ error: (error as Error).stack ?? String(error) })
    }
  })
  process.on('disconnect', () => process.exit(0))
  send('ready')
}
