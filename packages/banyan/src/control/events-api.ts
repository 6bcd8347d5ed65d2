/**
 * Events over the control port: what lags, what is dead, what is in the log; and what a person does about it. The port knows
 * only these shapes, plain JSON; who has the databases at hand implements them. Looking at counts is free like the status page;
 * what changes state, and what shows the content of events, needs the token.
 */
import { badRequest, toCount, toText } from './request-fields.ts'

/** Which dead letters: one event, all that failed alike, or all of a group and source. */
export interface DeadLetterSelection {
  /** The consuming service. */
  readonly service: string
  /** Default: the service's own group. */
  readonly group?: string
  /** The producing service. */
  readonly source: string
  readonly eventId?: string
  readonly fingerprint?: string
  readonly all?: true
}

/** What to read of the log. */
export interface TailRequest {
  readonly source: string
  /** Events after this offset; the last `limit` ones when left out. */
  readonly after?: number
  /** 1 to 1 000. Default 20. */
  readonly limit?: number
  readonly key?: string
  readonly type?: string
}

/** See the top of the file. All answers are plain JSON. */
export interface EventsApi {
  /** Groups with how far they are behind, how old the oldest of it is, and what is parked. */
  lag(): Promise<readonly object[]>
  /** Dead letters by failure, or one by one; or those that were given up. */
  dead(options: {
    readonly service?: string
    readonly list?: boolean
    readonly discarded?: boolean
    readonly limit?: number
  }): Promise<readonly object[]>
  tail(request: TailRequest): Promise<readonly object[]>
  /** Sources and groups with what is missing, double or passed over. */
  audit(): Promise<readonly object[]>
  replay(
    what: DeadLetterSelection,
    options: { readonly perSecond?: number; readonly by: string },
  ): Promise<{ readonly keys: number }>
  discard(
    what: DeadLetterSelection,
    reason: { readonly by: string; readonly why: string },
  ): Promise<{ readonly events: number }>
}

/** Answers a GET under `/events/`; undefined when there is no such page. */
export async function readEvents(api: EventsApi, target: string): Promise<readonly object[] | undefined> {
  const url = new URL(target, 'http://127.0.0.1')
  const query = url.searchParams
  const text = (name: string): object => (query.has(name) ? { [name]: query.get(name) } : {})
  const count = (name: string, max: number): object =>
    query.has(name) ? { [name]: toCount(name, query.get(name), max) } : {}
  switch (url.pathname) {
    case '/events/lag':
      return api.lag()
    case '/events/audit':
      return api.audit()
    case '/events/dead':
      return api.dead({
        ...text('service'),
        list: query.get('list') === 'true',
        discarded: query.get('discarded') === 'true',
        ...count('limit', 10_000),
      })
    case '/events/tail': {
      const source = query.get('source') ?? ''
      if (source === '') throw badRequest('say which: ?source=orders')
      return api.tail({
        source,
        ...text('key'),
        ...text('type'),
        ...count('after', Number.MAX_SAFE_INTEGER),
        ...count('limit', 1_000),
      })
    }
    default:
      return undefined
  }
}

/** Carries out a POST under `/events/`; undefined when there is no such thing to do. */
export async function changeEvents(api: EventsApi, path: string, body: unknown): Promise<object | undefined> {
  if (path !== '/events/replay' && path !== '/events/discard') return undefined
  const given = body as Readonly<Record<string, unknown>>
  if (typeof given !== 'object' || given === null) throw badRequest('send a JSON object')
  const what = toSelection(given)
  const by = toText(given, 'by') ?? 'control port'
  if (path === '/events/discard') return api.discard(what, { by, why: toText(given, 'why') ?? missing('why') })
  const { perSecond } = given
  if (perSecond !== undefined && typeof perSecond !== 'number') throw badRequest('perSecond must be a number')
  return api.replay(what, { by, ...(perSecond === undefined ? {} : { perSecond }) })
}

function toSelection(given: Readonly<Record<string, unknown>>): DeadLetterSelection {
  const service = toText(given, 'service') ?? missing('service')
  const source = toText(given, 'source') ?? missing('source')
  const group = toText(given, 'group')
  const eventId = toText(given, 'eventId')
  const fingerprint = toText(given, 'fingerprint')
  const ways = [eventId, fingerprint, given['all'] === true ? 'all' : undefined].filter((way) => way !== undefined)
  if (ways.length !== 1) throw badRequest('say which: one of eventId, fingerprint, or all: true')
  const base = { service, source, ...(group === undefined ? {} : { group }) }
  if (eventId !== undefined) return { ...base, eventId }
  return fingerprint === undefined ? { ...base, all: true } : { ...base, fingerprint }
}

function missing(name: string): never {
  throw badRequest(`${name} is missing`)
}
