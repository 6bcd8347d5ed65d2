/** Who waits for which events to be applied in this host. A hint that saves a poll; what counts is the mark in the database. */

export interface AppliedSignals {
  /** Tells those who wait for any of these. */
  tell(eventIds: readonly string[]): void
  /** Calls back when any of these is applied here; gives the way to stop listening. */
  listen(eventIds: readonly string[], listener: () => void): () => void
}

export function createAppliedSignals(): AppliedSignals {
  const listeners = new Map<string, Set<() => void>>()
  function unlisten(eventIds: readonly string[], listener: () => void): void {
    for (const id of eventIds) {
      const all = listeners.get(id)
      all?.delete(listener)
      if (all?.size === 0) listeners.delete(id)
    }
  }
  return {
    tell(eventIds) {
      if (listeners.size === 0) return
      for (const id of eventIds) for (const listener of listeners.get(id) ?? []) listener()
    },
    listen(eventIds, listener) {
      for (const id of eventIds) {
        const all = listeners.get(id) ?? new Set()
        listeners.set(id, all.add(listener))
      }
      return () => unlisten(eventIds, listener)
    },
  }
}
