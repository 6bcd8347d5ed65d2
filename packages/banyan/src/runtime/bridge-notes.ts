/** Writes down how a bridge does, when it says something else than before or has not been heard of for a while. */
import type { Environment } from '../core/environment/environment.ts'
import type { Store } from '../store/store.ts'
import type { Bridge, BridgeReport } from './bridge.ts'

/** A report that says the same is written again after so long, in milliseconds; must be well below `noteTtlMs`. */
export const bridgeNoteMs = 5_000

/** What notes are made of. */
export interface BridgeNotesOptions {
  readonly bridge: Bridge
  readonly holder: string
  /** Where parked things lie, for who looks for them. */
  readonly inbox: ReturnType<NonNullable<Bridge['inbox']>> | undefined
  readonly store: Store
  readonly environment: Environment
}

/** Who waits for another host leaves the word to that one. */
export function createBridgeNotes(of: BridgeNotesOptions): (report: BridgeReport) => Promise<void> {
  const { name: bridge, kind, direction, actions } = of.bridge
  const { clock } = of.environment
  let noted = ''
  let notedMs = Number.NEGATIVE_INFINITY
  return async (said) => {
    const { state, ...rest } = said
    const text = JSON.stringify(said)
    const nowMs = clock.monotonic()
    if (state === 'waiting' || (text === noted && nowMs - notedMs < bridgeNoteMs)) return
    const report = { ...rest, actions, ...(of.inbox === undefined ? {} : { inbox: of.inbox }) }
    await of.store.bridges.note({ bridge, kind, direction, state, holder: of.holder, report })
    noted = text
    notedMs = nowMs
  }
}
