/** `banyan bridges`: how they do, what they have parked, and what is asked of them. */
import type { BridgesApi } from 'banyan/control'
import { realEnvironment, sleep } from 'banyan/core'
import type { BridgeRequest, Store } from 'banyan/store'
import { createBridgeDesk } from '../bridges/bridge-desk.ts'
import { hasBridges } from '../bridges/has-bridges.ts'
import { exitCodes, UsageError } from '../failure.ts'
import { withServiceDatabases } from '../parent/service-databases.ts'
import { printRows } from './table.ts'
import { whoAmI } from './who-am-i.ts'

interface Flags {
  readonly project: string
  readonly json?: boolean
}

/** How long a command waits for a host to carry out what it asked, in milliseconds, and how often it looks. */
const outcomeMs = 15_000
const pollMs = 250

async function open<Result>({ project }: Flags, use: (desk: BridgesApi) => Promise<Result>): Promise<Result> {
  return withServiceDatabases({ project, env: process.env, cwd: process.cwd() }, async (databases) => {
    const stores = new Map<string, Store>()
    for (const { service, store } of databases) if (await hasBridges(store)) stores.set(service, store)
    return use(createBridgeDesk(stores))
  })
}

/** Lists every bridge with the last word of the host that works it. */
export async function bridgesList(flags: Flags): Promise<number> {
  return open(flags, async (desk) => {
    const rows = (await desk.list()) as readonly Listed[]
    printRows(flags.json === true ? rows : rows.map(toLine), flags.json === true)
    return exitCodes.ok
  })
}

interface Listed {
  readonly service: string
  readonly bridge: string
  readonly kind: string
  readonly direction: string
  readonly state: string
  readonly lag?: { readonly count: number; readonly unit: string }
  readonly counters: Readonly<Record<string, number>>
  readonly alarms: readonly string[]
  readonly lastError: string
  readonly agoMs: number
}

function toLine({ service, bridge, kind, direction, state, lag, counters, alarms, lastError, agoMs }: Listed): object {
  return {
    service,
    bridge,
    kind,
    direction,
    state,
    lag: lag === undefined ? '' : `${lag.count} ${lag.unit}`,
    counters: Object.entries(counters)
      .map(([name, count]) => `${name} ${count}`)
      .join(', '),
    says: [...alarms, ...(state === 'failing' ? [lastError] : [])].join('; '),
    seen: `${Math.round(agoMs / 1_000)} s ago`,
  }
}

/** Lists what a bridge could not read. */
export async function bridgesParked(
  service: string,
  bridge: string,
  flags: Flags & { readonly limit: string },
): Promise<number> {
  const limit = /^\d{1,4}$/.test(flags.limit) ? Number(flags.limit) : 0
  if (limit < 1) throw new UsageError(`--limit must be from 1 to 9999, is '${flags.limit}'`)
  return open(flags, async (desk) => {
    const rows = (await desk.parked({ service, bridge, limit })) as readonly Readonly<Record<string, unknown>>[]
    const short = rows.map(({ eventId, type, error, replays, parkedAt }) => ({
      eventId,
      type,
      error,
      replays,
      parkedAt,
    }))
    printRows(flags.json === true ? rows : short, flags.json === true)
    return exitCodes.ok
  })
}

/** What is asked, as typed. */
export interface AskFlags extends Flags {
  readonly why?: string
  readonly event?: string
  readonly fingerprint?: string
  readonly all?: boolean
}

/** Asks for something and waits until a host has answered. */
export async function bridgesAsk(service: string, bridge: string, action: string, flags: AskFlags): Promise<number> {
  const { why, event: eventId, fingerprint, all } = flags
  const given = { why, eventId, fingerprint, all: all === true ? true : undefined }
  const detail = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return open(flags, async (desk) => {
    const { id } = await desk.ask({ service, bridge, action, detail, by: whoAmI() })
    const outcome = await waitFor(desk, { service, bridge, id })
    const said = outcome?.message ?? 'no host has carried it out yet; it stays asked'
    printRows([{ asked: action, outcome: said }], flags.json === true)
    return outcome?.ok === true ? exitCodes.ok : exitCodes.failed
  })
}

async function waitFor(
  desk: BridgesApi,
  { id, ...which }: { readonly service: string; readonly bridge: string; readonly id: string },
): Promise<BridgeRequest['outcome']> {
  const { clock, timers } = realEnvironment()
  for (
    const untilMs = clock.monotonic() + outcomeMs;
    clock.monotonic() < untilMs;
    await keepAlive(sleep(timers, pollMs))
  ) {
    const requests = (await desk.requests({ ...which, limit: 200 })) as readonly BridgeRequest[]
    const outcome = requests.find((request) => request.id === id)?.outcome
    if (outcome !== undefined) return outcome
  }
  return undefined
}

/** Timers of the environment do not keep a process alive, and a command has nothing else that would. */
async function keepAlive(work: Promise<void>): Promise<void> {
  const held = setInterval(() => undefined, outcomeMs)
  await work.finally(() => clearInterval(held))
}
