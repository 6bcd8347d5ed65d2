/**
 * Sagas over the control port: which runs there are, one of them in full, what holds locks, what a deploy would stop; and what a person does
 * about a run. As with events: looking at states is free; what shows contents, replays code or changes something needs the token.
 */
import { badRequest, toCount, toText } from './request-fields.ts'

/** Which run. */
export interface SagaName {
  /** The service that it belongs to; looked for in all when left out. */
  readonly service?: string
  /** Its id, or `<saga>/<key>` for the newest run of a key. */
  readonly run: string
}

/** Which runs are listed. */
export interface SagaQuery {
  readonly service?: string
  readonly name?: string
  readonly key?: string
  /** `running`, `undoing`, `parked`, `completed`, `undone`, `continued`. */
  readonly states?: readonly string[]
  /** Those that should have gone on so many milliseconds ago, and those that are parked. */
  readonly stuckMs?: number
  /** Flows that are late, looked for among the newest 10 000 running runs of each service. */
  readonly late?: boolean
  /** From where the last page ended. */
  readonly before?: string
  /** 1 to 1 000. Default 50. */
  readonly limit?: number
}

/** Who does something, and why; both are kept in the journal. */
export interface SagaHand {
  readonly by: string
  readonly why: string
}

/** Which runs are replayed; see `checkSagas` of banyan/saga. */
export interface SagaCheckQuery {
  readonly service?: string
  readonly name?: string
  readonly limit?: number
  readonly order?: 'newest' | 'oldest'
}

/** See the top of the file. All answers are plain JSON. */
export interface SagasApi {
  /** Runs, the newest first, without their contents. */
  list(query: SagaQuery): Promise<{ readonly sagas: readonly object[]; readonly next?: string }>
  /** How many runs that have not ended stand where, and how many locks are held; one for each service. */
  counts(which: { readonly service?: string }): Promise<readonly object[]>
  /** One run in full; what schemas hide is hidden unless `secrets`. */
  show(which: SagaName & { readonly secrets?: boolean }): Promise<object>
  /** Locks with their owners and who waits, the oldest first. */
  locks(which: { readonly service?: string; readonly limit?: number }): Promise<readonly object[]>
  /** One result for each service. */
  check(query: SagaCheckQuery): Promise<readonly object[]>
  export(which: SagaName & { readonly secrets?: boolean }): Promise<object>
  retry(which: SagaName, hand: SagaHand): Promise<object>
  skip(which: SagaName & { readonly seq?: number; readonly result?: unknown }, hand: SagaHand): Promise<object>
  compensate(which: SagaName, hand: SagaHand): Promise<object>
  cancel(which: SagaName, hand: SagaHand): Promise<object>
  fork(
    which: SagaName & { readonly from: number; readonly key?: string; readonly version?: number },
    hand: SagaHand,
  ): Promise<object>
  import(which: { readonly service: string; readonly document: unknown }, hand: SagaHand): Promise<object>
}

/** Pages under `/sagas/` that show contents, or cost a replay of many runs. */
export const sagaContentPages: readonly string[] = ['/sagas/show', '/sagas/export', '/sagas/check']

/** The longest bodies of what carries JSON along, in bytes; the rest is short. */
export const sagaBodyBytes: ReadonlyMap<string, number> = new Map([
  ['/sagas/import', 67_108_864],
  ['/sagas/skip', 524_288],
])

type Query = URLSearchParams

/** Answers a GET under `/sagas/`; undefined when there is no such page. */
export async function readSagas(api: SagasApi, target: string): Promise<object | undefined> {
  const { pathname, searchParams: query } = new URL(target, 'http://127.0.0.1')
  switch (pathname) {
    case '/sagas/list':
      return api.list(toQuery(query))
    case '/sagas/counts':
      return api.counts(text(query, 'service'))
    case '/sagas/show':
      return api.show({ ...toName(Object.fromEntries(query)), ...secretsOf(query) })
    case '/sagas/export':
      return api.export({ ...toName(Object.fromEntries(query)), ...secretsOf(query) })
    case '/sagas/locks':
      return api.locks({ ...text(query, 'service'), ...count(query, 'limit', 10_000) })
    case '/sagas/check':
      return api.check({
        ...text(query, 'service'),
        ...text(query, 'name'),
        ...count(query, 'limit', 1_000_000),
        ...orderOf(query),
      })
    default:
      return undefined
  }
}

const secretsOf = (query: Query): { readonly secrets?: true } =>
  query.get('secrets') === 'true' ? { secrets: true } : {}

function text(query: Query, name: string): object {
  const value = query.has(name) ? toText({ [name]: query.get(name) }, name) : undefined
  return value === undefined ? {} : { [name]: value }
}

function count(query: Query, name: string, max: number): object {
  return query.has(name) ? { [name]: toCount(name, query.get(name), max) } : {}
}

function orderOf(query: Query): { readonly order?: 'newest' | 'oldest' } {
  const order = query.get('order')
  if (order === null) return {}
  if (order === 'newest' || order === 'oldest') return { order }
  throw badRequest("order must be 'newest' or 'oldest'")
}

const states: ReadonlySet<string> = new Set(['running', 'undoing', 'parked', 'completed', 'undone', 'continued'])

function toQuery(query: Query): SagaQuery {
  const given = query.getAll('state').flatMap((one) => one.split(','))
  const late = query.get('late') ?? 'false'
  if (late !== 'true' && late !== 'false') throw badRequest("late must be 'true' or 'false'")
  for (const state of given) if (!states.has(state)) throw badRequest(`state must be one of ${[...states].join(', ')}`)
  return {
    ...text(query, 'service'),
    ...text(query, 'name'),
    ...text(query, 'key'),
    ...text(query, 'before'),
    ...(given.length > 0 && { states: given }),
    ...(query.has('stuck') && { stuckMs: toCount('stuck', query.get('stuck'), Number.MAX_SAFE_INTEGER) }),
    ...(late === 'true' && { late: true }),
    ...count(query, 'limit', 1_000),
  }
}

type Given = Readonly<Record<string, unknown>>

/** Carries out a POST under `/sagas/`; undefined when there is no such thing to do. */
export async function changeSagas(api: SagasApi, path: string, body: unknown): Promise<object | undefined> {
  const action = changes.get(path)
  if (action === undefined) return undefined
  if (typeof body !== 'object' || body === null) throw badRequest('send a JSON object')
  const given = body as Given
  return action(api, given)
}

const changes: ReadonlyMap<string, (api: SagasApi, given: Given) => Promise<object>> = new Map([
  ['/sagas/retry', async (api, given) => api.retry(toName(given), toHand(given))],
  ['/sagas/compensate', async (api, given) => api.compensate(toName(given), toHand(given))],
  ['/sagas/cancel', async (api, given) => api.cancel(toName(given), toHand(given))],
  [
    '/sagas/skip',
    async (api, given) => api.skip({ ...toName(given), ...number(given, 'seq'), ...resultOf(given) }, toHand(given)),
  ],
  ['/sagas/fork', async (api, given) => api.fork({ ...toName(given), ...toFork(given) }, toHand(given))],
  ['/sagas/import', async (api, given) => api.import(toImport(given), toHand(given))],
])

function toName(given: Given): SagaName {
  const run = toText(given, 'run')
  if (run === undefined) throw badRequest('say which: run, by id or <saga>/<key>')
  const service = toText(given, 'service')
  return { run, ...(service === undefined ? {} : { service }) }
}

function toHand(given: Given): SagaHand {
  const why = toText(given, 'why')
  if (why === undefined) throw badRequest('why is missing: it is kept with what is done')
  return { by: toText(given, 'by') ?? 'control port', why }
}

const resultOf = (given: Given): { readonly result?: unknown } => ('result' in given ? { result: given['result'] } : {})

function toFork(given: Given): { readonly from: number; readonly key?: string; readonly version?: number } {
  const { from } = number(given, 'from') as { readonly from?: number }
  if (from === undefined) throw badRequest('from is missing: the first operation that is done anew')
  const key = toText(given, 'key')
  return { from, ...(key === undefined ? {} : { key }), ...number(given, 'version') }
}

function toImport(given: Given): { readonly service: string; readonly document: unknown } {
  const service = toText(given, 'service')
  if (service === undefined) throw badRequest('service is missing')
  return { service, document: given['document'] }
}

function number(given: Given, name: string): object {
  const value = given[name]
  if (value === undefined) return {}
  if (Number.isSafeInteger(value) && (value as number) >= 1) return { [name]: value }
  throw badRequest(`${name} must be a whole number from 1`)
}
