/**
 * What a person sees of events and does about them, over the databases of services and the log: for the command line and for
 * the control port. Requests are written to the consuming service's database and carried out by whichever host holds the
 * assignment, so this may run anywhere.
 */
import { auditGroup, auditSource, type Bus, foreignGroup, type LoggedEvent, type LogReader } from 'banyan/bus'
import type { DeadLetterSelection, EventsApi, TailRequest } from 'banyan/control'
import { BanyanError } from 'banyan/core'
import { scheduleSource } from 'banyan/runtime'
import { type DeadSelection, type GroupProgress, type Store, timeOfEventId } from 'banyan/store'

/** What it works on. */
export interface EventDeskOptions {
  /** Stores by service: those that have a database. */
  readonly stores: ReadonlyMap<string, Store>
  readonly bus: Bus
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** A group and how it is doing with one source. */
export interface GroupLag {
  readonly service: string
  readonly group: string
  readonly source: string
  /** Events in the log that it has not done. */
  readonly behind: number
  /** Age of the oldest of them, in milliseconds. */
  readonly oldestMs: number
  readonly parkedEvents: number
  readonly parkedKeys: number
  readonly cursor: number
  readonly end: number
  readonly holder: string
  /** It keeps the log from dropping what is past its retention, as far as it can be told from here: it stands still. */
  readonly stoodMs: number
  /** Events past their retention that the log keeps for it, as of the last round of retention; empty where that is not known. */
  readonly pinned: number | ''
}

const defaultTail = 20
/** Events looked at for a tail with a filter, at most. */
const maxScanned = 10_000
const scanPage = 500
/** Events of one source or group that an audit looks at one by one. */
const auditLimit = 5_000

export function createEventDesk({ stores, bus, now }: EventDeskOptions): EventsApi {
  function storeOf(service: string): Store {
    const store = stores.get(service)
    if (store !== undefined) return store
    throw new BanyanError('NOT_FOUND', `there is no service '${service}' with a database`, {
      reason: 'NO_SERVICE',
      hint: `There are: ${[...stores.keys()].join(', ')}.`,
    })
  }
  async function lagOf(service: string, one: GroupProgress, readers: readonly LogReader[]): Promise<GroupLag> {
    const { group, source, cursor, parkedEvents, parkedKeys, holder = '' } = one
    const end = await bus.end(source)
    const [oldest] = end > cursor ? await bus.read(source, cursor, 1) : []
    const reader = readers.find((known) => known.group === group && known.source === source)
    const behind = Math.max(0, end - cursor)
    const oldestMs = oldest === undefined ? 0 : ageOf(oldest, now())
    const stoodMs = behind === 0 ? 0 : (reader?.stoodMs ?? 0)
    const pinned = reader?.pinned?.events ?? ''
    return { service, group, source, behind, oldestMs, parkedEvents, parkedKeys, cursor, end, holder, stoodMs, pinned }
  }

  return {
    async lag() {
      const readers = (await bus.keeping?.readers()) ?? []
      const rows: GroupLag[] = []
      for (const [service, store] of stores)
        for (const one of await groupsOf(store)) rows.push(await lagOf(service, one, readers))
      return rows.sort((one, other) => other.behind - one.behind)
    },
    async dead({ service, list = false, discarded = false, limit = 100 }) {
      const chosen = service === undefined ? [...stores] : [[service, storeOf(service)] as const]
      const rows: object[] = []
      for (const [name, { inbox }] of chosen) {
        const read = discarded ? discardedOf : list ? parkedOf : deadGroupsOf
        for (const one of await read(inbox, limit)) rows.push({ service: name, ...one })
      }
      return rows
    },
    tail: (request) => tail(bus, request),
    audit: () => auditAll(stores, bus),
    async replay(what, options) {
      return { keys: await storeOf(what.service).inbox.replay(toSelection(what), options) }
    },
    async discard(what, reason) {
      return { events: await storeOf(what.service).inbox.discard(toSelection(what), reason) }
    },
  }
}

type Inbox = Store['inbox']
const deadGroupsOf = (inbox: Inbox, limit: number): Promise<readonly object[]> => inbox.deadGroups(limit)
const parkedOf = async (inbox: Inbox, limit: number): Promise<readonly object[]> =>
  (await inbox.parked(limit)).map(withoutEnvelope)
const discardedOf = async (inbox: Inbox, limit: number): Promise<readonly object[]> =>
  (await inbox.discarded(limit)).map(withoutEnvelope)

function withoutEnvelope({ envelope: _, ...rest }: { readonly envelope: string }): object {
  return rest
}

function toSelection(what: DeadLetterSelection): DeadSelection {
  const { service, group = service, source, eventId, fingerprint } = what
  if (eventId !== undefined) return { group, source, eventId }
  return fingerprint === undefined ? { group, source, all: true } : { group, source, fingerprint }
}

function ageOf(event: LoggedEvent, nowMs: number): number {
  const madeMs = timeOfEventId(event.id)
  return madeMs === undefined ? 0 : Math.max(0, Math.round(nowMs - madeMs))
}

/** From an offset on, or the last so many; with a filter, the newest that pass it among the last {@link maxScanned}. */
async function tail(
  bus: Bus,
  { source, after, limit = defaultTail, key, type }: TailRequest,
): Promise<readonly object[]> {
  const filtered = key !== undefined || type !== undefined
  const end = await bus.end(source)
  const from = after ?? Math.max(0, end - (filtered ? maxScanned : limit))
  const found: LoggedEvent[] = []
  for (let at = from, scanned = 0; scanned < maxScanned && (after === undefined || found.length < limit); ) {
    const page = await bus.read(source, at, Math.min(scanPage, maxScanned - scanned))
    for (const event of page)
      if ((key === undefined || event.key === key) && (type === undefined || event.type === type)) found.push(event)
    scanned += page.length
    at = page.at(-1)?.offset ?? end
    if (page.length === 0 || at >= end) break
  }
  const shown = after === undefined ? found.slice(-limit) : found.slice(0, limit)
  return shown.map(({ envelope, ...event }) => ({ ...event, envelope: toDocument(envelope) }))
}

function toDocument(envelope: string): unknown {
  try {
    return JSON.parse(envelope)
  } catch {
    return envelope
  }
}

/** Those that apply events; what others wrote into the log has a group of its own, which has dead letters and nothing else; and schedules read no log. */
async function groupsOf({ inbox }: Pick<Store, 'inbox'>): Promise<readonly GroupProgress[]> {
  return (await inbox.groups()).filter(({ group, source }) => group !== foreignGroup && source !== scheduleSource)
}

/** What the audits say of every source and group. Types that a group has never marked cannot be judged and are left out. */
async function auditAll(stores: ReadonlyMap<string, Store>, bus: Bus): Promise<readonly object[]> {
  const { keeping } = bus
  if (keeping === undefined)
    throw new BanyanError('UNIMPLEMENTED', 'this log is kept by something else and cannot be audited', {
      reason: 'NO_KEEPING',
    })
  const rows: object[] = []
  for (const [service, { outbox, inbox }] of stores) {
    const found = await auditSource({ source: service, outbox, keeping }, auditLimit)
    if (found !== undefined) rows.push({ audited: `source ${service}`, ...found })
    for (const { group, source, cursor } of await groupsOf({ inbox })) {
      const from = Math.max(0, cursor - auditLimit)
      const types = await subscribedTypes(inbox, keeping, { group, source, from })
      const audit = await auditGroup({ source, group, inbox, keeping, types }, from, cursor, auditLimit)
      rows.push({ audited: `group ${group} on ${source} (${service})`, ...audit })
    }
  }
  return rows
}

/** Types of which the group has marked at least one event in the window: those it subscribes to, as far as can be seen. */
async function subscribedTypes(
  inbox: Store['inbox'],
  keeping: NonNullable<Bus['keeping']>,
  { group, source, from }: { readonly group: string; readonly source: string; readonly from: number },
): Promise<ReadonlySet<string>> {
  const entries = await keeping.entries(source, from, auditLimit)
  const marked = await inbox.marked(
    group,
    entries.map(({ id }) => id),
  )
  return new Set(entries.filter(({ id }) => marked.has(id)).map(({ type }) => type))
}
