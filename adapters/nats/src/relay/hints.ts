/**
 * Wakes whoever reads the log: a small message outside of every stream, sent after an append. It is a hint; one that gets lost
 * costs a poll interval, never an event.
 */
import type { Msg } from '@nats-io/transport-node'
import type { Link } from '../connection/link.ts'
import type { Names } from '../names.ts'

/** Listeners here and in other hosts. */
export interface Hints {
  /** A source has grown by an append of this process. */
  appended(source: string): void
  onAppend(listener: (source: string) => void): () => void
}

export function createHints({ nc }: Link, names: Names): Hints {
  const listeners = new Set<(source: string) => void>()
  let listening = false

  function wake(source: string): void {
    // Not in the way of the append, whatever a listener does.
    for (const listener of listeners) queueMicrotask(() => listener(source))
  }
  return {
    appended(source) {
      wake(source)
      if (!nc.isClosed()) nc.publish(names.hint(source))
    },
    onAppend(listener) {
      listeners.add(listener)
      if (!listening && !nc.isClosed()) {
        listening = true
        const callback = (error: Error | null, { subject }: Msg): void => {
          if (error === null) wake(names.sourceOf(subject))
        }
        nc.subscribe(names.hints, { callback })
      }
      return () => listeners.delete(listener)
    },
  }
}
