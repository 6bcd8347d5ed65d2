/**
 * Wakes whoever reads the log. NOTIFY inside the append's transaction would hold a lock of the whole cluster over its commit
 * and so serialise everybody's commits; here it is a statement of its own afterwards, one for all that was appended
 * meanwhile. It is a hint: a lost one costs a poll interval, never an event.
 */
import { Session, type SessionOptions } from '../client/session.ts'
import type { Delay } from '../client/timing.ts'
import type { RunAlone } from '../store/alone.ts'

const channel = 'banyan_append'
const firstReconnectMs = 100
const maxReconnectMs = 5_000

/** What waking needs. */
export interface WakerOptions {
  readonly session: SessionOptions
  readonly run: RunAlone
  readonly after: Delay
}

/** Listeners here and in other hosts. */
export interface Waker {
  /** A source has grown by an append of this process. */
  appended(source: string): void
  onAppend(listener: (source: string) => void): () => void
  close(): void
}

export function createWaker({ session, run, after }: WakerOptions): Waker {
  const listeners = new Set<(source: string) => void>()
  const grown = new Set<string>()
  let telling = false
  let listening = false
  let closed = false
  let ear: Session | undefined

  function wake(source: string): void {
    // Not in the way of the append: it has committed, whatever a listener does.
    for (const listener of listeners) queueMicrotask(() => listener(source))
  }

  async function tell(): Promise<void> {
    telling = true
    while (grown.size > 0 && !closed) {
      const sources = [...grown]
      grown.clear()
      await run('SELECT pg_notify($1, source) FROM unnest($2::text[]) AS source', [channel, sources]).catch(() => {})
    }
    telling = false
  }

  async function listen(delayMs: number): Promise<void> {
    listening = true
    try {
      const opened = await Session.open({ ...session, applicationName: `${session.applicationName} listen` })
      if (closed) return void opened.end()
      ear = opened
      opened.onNotification(wake)
      opened.onGone(() => again(firstReconnectMs))
      await opened.query(`LISTEN ${channel}`)
    } catch {
      if (ear?.usable) ear.destroy()
      else if (ear === undefined) again(delayMs)
    }
  }

  function again(delayMs: number): void {
    ear = undefined
    if (!closed) after(delayMs, () => void listen(Math.min(delayMs * 2, maxReconnectMs)))
  }

  return {
    appended(source) {
      wake(source)
      grown.add(source)
      if (!telling) void tell()
    },
    onAppend(listener) {
      listeners.add(listener)
      if (!listening) void listen(firstReconnectMs)
      return () => listeners.delete(listener)
    },
    close() {
      closed = true
      void ear?.end()
    },
  }
}
