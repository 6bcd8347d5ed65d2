/**
 * What a person sees of bridges and asks of them, over the databases of services: for the command line and for the control
 * port. Requests are rows there, carried out by whichever host works the bridge, so this may run anywhere.
 */
import type { BridgeName, BridgesApi } from 'banyan/control'
import { BanyanError } from 'banyan/core'
import type { KnownBridge, ParkedEvent, Store } from 'banyan/store'

/** Parked things read of a service to find those of one bridge. */
const maxRead = 10_000
const defaultLimit = 50

/** Stores by service: those that have a database. */
export function createBridgeDesk(stores: ReadonlyMap<string, Store>): BridgesApi {
  function storeOf(service: string): Store {
    const store = stores.get(service)
    if (store !== undefined) return store
    throw new BanyanError('NOT_FOUND', `there is no service '${service}' with a database`, {
      reason: 'NO_SERVICE',
      hint: `There are: ${[...stores.keys()].join(', ')}.`,
    })
  }
  async function find({
    service,
    bridge,
  }: BridgeName): Promise<{ readonly store: Store; readonly known: KnownBridge }> {
    const store = storeOf(service)
    const all = await store.bridges.known()
    const known = all.find((one) => one.bridge === bridge)
    if (known !== undefined) return { store, known }
    throw new BanyanError('NOT_FOUND', `no bridge '${bridge}' of '${service}' has ever run`, {
      reason: 'NO_BRIDGE',
      hint: all.length === 0 ? 'It has none that has.' : `It has: ${all.map((one) => one.bridge).join(', ')}.`,
    })
  }

  return {
    async list() {
      const rows: object[] = []
      for (const [service, { bridges }] of stores)
        for (const one of await bridges.known()) rows.push({ service, ...toRow(one) })
      return rows
    },
    async parked({ limit = defaultLimit, ...which }) {
      const { store, known } = await find(which)
      const inbox = inboxOf(known)
      if (inbox === undefined) return []
      const all = await store.inbox.parked(maxRead)
      const own = all.filter(({ group, source }) => group === inbox.group && source === inbox.source)
      return own.slice(0, limit).map(toParkedRow)
    },
    async requests({ limit = defaultLimit, ...which }) {
      const { store, known } = await find(which)
      return store.bridges.requests(known.bridge, limit)
    },
    async ask({ action, detail, by, ...which }) {
      const { store, known } = await find(which)
      const actions = (known.report['actions'] ?? []) as readonly string[]
      if (!actions.includes(action))
        throw new BanyanError('INVALID_ARGUMENT', `a bridge of kind '${known.kind}' cannot '${action}'`, {
          reason: 'NO_ACTION',
          hint: `It can: ${actions.join(', ') || 'nothing'}.`,
        })
      return { id: await store.bridges.ask({ bridge: known.bridge, action, detail, by }) }
    },
  }
}

function toRow({ bridge, kind, direction, state, holder, notedAt, agoMs, report }: KnownBridge): object {
  const { lag, counters, alarms, lastError = '', actions, detail } = report
  return { bridge, kind, direction, state, lag, counters, alarms, lastError, actions, detail, holder, notedAt, agoMs }
}

function inboxOf({ report }: KnownBridge): { readonly group: string; readonly source: string } | undefined {
  return report['inbox'] as { readonly group: string; readonly source: string } | undefined
}

function toParkedRow({
  eventId,
  key,
  type,
  error,
  attempts,
  replays,
  fingerprint,
  parkedAt,
  envelope,
}: ParkedEvent): object {
  return { eventId, key, type, error, attempts, replays, fingerprint, parkedAt, message: toDocument(envelope) }
}

function toDocument(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
