/**
 * Bridges over the control port: how they do, what they have parked, and what is asked of them. As with events: looking is free,
 * what changes state or shows what foreign systems sent needs the token.
 */
import { badRequest, toCount, toText } from './request-fields.ts'

/** Which bridge. */
export interface BridgeName {
  readonly service: string
  readonly bridge: string
}

/** What is asked of a bridge. */
export interface BridgeAsk extends BridgeName {
  /** `resnapshot`, `skip`, `replay`: what it can is in its row of the list. */
  readonly action: string
  /** What the action takes: `why`; `eventId`, `fingerprint` or `all`. */
  readonly detail: Readonly<Record<string, unknown>>
  readonly by: string
}

/** See the top of the file. All answers are plain JSON. */
export interface BridgesApi {
  /** Every bridge that has ever run, with its last word. */
  list(): Promise<readonly object[]>
  /** What one has parked, with content. */
  parked(which: BridgeName & { readonly limit?: number }): Promise<readonly object[]>
  /** What was asked of one, the newest first, and what came of it. */
  requests(which: BridgeName & { readonly limit?: number }): Promise<readonly object[]>
  /** Writes the request down; a host that works the bridge carries it out within seconds. */
  ask(request: BridgeAsk): Promise<{ readonly id: string }>
}

/** Answers a GET under `/bridges/`; undefined when there is no such page. */
export async function readBridges(api: BridgesApi, target: string): Promise<readonly object[] | undefined> {
  const { pathname, searchParams: query } = new URL(target, 'http://127.0.0.1')
  if (pathname === '/bridges/list') return api.list()
  if (pathname !== '/bridges/parked' && pathname !== '/bridges/requests') return undefined
  const given = Object.fromEntries(query)
  const limit = query.has('limit') ? { limit: toCount('limit', query.get('limit'), 1_000) } : {}
  const which = { ...toName(given), ...limit }
  return pathname === '/bridges/parked' ? api.parked(which) : api.requests(which)
}

/** Carries out a POST under `/bridges/`; undefined when there is no such thing to do. */
export async function changeBridges(api: BridgesApi, path: string, body: unknown): Promise<object | undefined> {
  if (path !== '/bridges/ask') return undefined
  const given = body as Readonly<Record<string, unknown>>
  if (typeof given !== 'object' || given === null) throw badRequest('send a JSON object')
  const action = toText(given, 'action')
  if (action === undefined) throw badRequest('action is missing')
  const texts = ['why', 'eventId', 'fingerprint'].map((name) => [name, toText(given, name)] as const)
  const detail = Object.fromEntries(texts.filter(([, value]) => value !== undefined))
  const all = given['all'] === true ? { all: true } : {}
  return api.ask({ ...toName(given), action, detail: { ...detail, ...all }, by: toText(given, 'by') ?? 'control port' })
}

function toName(given: Readonly<Record<string, unknown>>): BridgeName {
  const service = toText(given, 'service')
  const bridge = toText(given, 'bridge')
  if (service === undefined || bridge === undefined) throw badRequest('say which: service and bridge')
  return { service, bridge }
}
