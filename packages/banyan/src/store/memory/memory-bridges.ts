/** Notes and requests of bridges in memory. */
import type { Clock } from '../../core/environment/environment.ts'
import { bridgeBusy } from '../bridge-busy.ts'
import {
  type BridgeNote,
  type BridgeRequest,
  type Bridges,
  keptRequests,
  maxOpenRequests,
  noteTtlMs,
} from '../bridges.ts'
import { isSameInstance } from '../holder.ts'

interface Noted {
  readonly note: BridgeNote
  readonly atMs: number
}

interface Kept {
  request: BridgeRequest
  takenUntilMs: number
}

export function createMemoryBridges(clock: Clock): Bridges {
  const notes = new Map<string, Noted>()
  /** Oldest first. */
  let kept: Kept[] = []
  let made = 0
  const of = (bridge: string): Kept[] => kept.filter(({ request }) => request.bridge === bridge)
  const isOpen = ({ request }: Kept): boolean => request.outcome === undefined

  function isYielding({ note, atMs }: Noted, to: BridgeNote): boolean {
    return note.state === 'stopped' || isSameInstance(note.holder, to.holder) || clock.now() - atMs >= noteTtlMs
  }
  function trim(bridge: string): void {
    const gone = new Set(
      of(bridge)
        .filter((one) => !isOpen(one))
        .slice(0, -keptRequests),
    )
    kept = kept.filter((one) => !gone.has(one))
  }

  return {
    async note(note) {
      const found = notes.get(note.bridge)
      if (found !== undefined && !isYielding(found, note)) return false
      notes.set(note.bridge, { note: structuredClone(note), atMs: clock.now() })
      return true
    },
    known: async () =>
      [...notes.values()]
        .map(({ note, atMs }) => ({ ...note, notedAt: new Date(atMs).toISOString(), agoMs: clock.now() - atMs }))
        .sort((one, other) => (one.bridge < other.bridge ? -1 : 1)),
    async ask(asked) {
      if (of(asked.bridge).filter(isOpen).length >= maxOpenRequests) throw bridgeBusy(asked.bridge)
      made += 1
      const request = { ...structuredClone(asked), id: `${made}`, askedAt: new Date(clock.now()).toISOString() }
      kept.push({ request: { ...request, outcome: undefined }, takenUntilMs: 0 })
      return request.id
    },
    async take(bridge, forMs) {
      const found = of(bridge).find((one) => isOpen(one) && one.takenUntilMs <= clock.now())
      if (found !== undefined) found.takenUntilMs = clock.now() + forMs
      return found?.request
    },
    async answer(id, outcome) {
      const found = kept.find(({ request }) => request.id === id)
      if (found === undefined || !isOpen(found)) return false
      found.request = { ...found.request, outcome }
      trim(found.request.bridge)
      return true
    },
    requests: async (bridge, limit) =>
      of(bridge)
        .map(({ request }) => request)
        .reverse()
        .slice(0, limit),
  }
}
