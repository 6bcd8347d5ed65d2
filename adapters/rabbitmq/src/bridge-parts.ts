/** What both bridges have in common: where their books are, what may be asked of them, what is wrong with an address. */
import { BanyanError } from 'banyan/core'
import type { BridgeHost, BridgePlace } from 'banyan/runtime'
import type { BridgeRequest, DeadSelection } from 'banyan/store'

/** The group under which a bridge keeps its place. */
export function groupOf(name: string): string {
  return `bridge:${name}`
}

/** Faults of an address; its value is not shown. */
export function urlFaults({ settings }: BridgePlace): readonly string[] {
  const url = settings['url'] ?? ''
  return /^amqps?:\/\/./.test(url) && URL.canParse(url) ? [] : ["the setting 'url' must be an address like amqps://…"]
}

/** What may be asked of a bridge with an inbox. */
export const inboxActions: readonly string[] = ['replay', 'skip']

/**
 * `replay`: asks for what is parked to be tried again; `skip`: gives it up. Of one (`eventId`), of all that failed alike
 * (`fingerprint`), or of `all`; it must be said which.
 */
export async function actOnParked(
  { store }: Pick<BridgeHost, 'store'>,
  where: { readonly group: string; readonly source: string },
  { action, detail, by }: BridgeRequest,
): Promise<string> {
  const what = toSelection(where, detail)
  if (action === 'replay') {
    const keys = await store.inbox.replay(what, { by })
    return `tries ${keys} again`
  }
  const { why } = detail
  if (typeof why !== 'string' || why === '')
    throw new BanyanError('INVALID_ARGUMENT', "what is parked is given up for a reason: say 'why'", {
      reason: 'NO_REASON',
    })
  const gone = await store.inbox.discard(what, { by, why })
  return `gave ${gone} up`
}

function toSelection(
  where: { readonly group: string; readonly source: string },
  { eventId, fingerprint, all }: BridgeRequest['detail'],
): DeadSelection {
  if (typeof eventId === 'string') return { ...where, eventId }
  if (typeof fingerprint === 'string') return { ...where, fingerprint }
  if (all === true) return { ...where, all }
  throw new BanyanError('INVALID_ARGUMENT', 'say which: one of eventId, fingerprint, or all', {
    reason: 'NO_SELECTION',
  })
}
