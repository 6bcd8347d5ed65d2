/**
 * Read models over the control port: which versions there are and how far they are, building one again, dropping one. As with
 * events: looking is free, what changes state needs the token.
 */
import { badRequest, toText } from './request-fields.ts'

/** Which projection. */
export interface ProjectionName {
  /** The service that keeps it. */
  readonly service: string
  readonly projection: string
}

/** See the top of the file. All answers are plain JSON. */
export interface ProjectionsApi {
  /** Every version and build in the books, with phase and progress. */
  list(): Promise<readonly object[]>
  /** Asks for a new build of a version, by default of the live one; hosts that have its definition fill it and swap it in. */
  rebuild(which: ProjectionName & { readonly version?: number }): Promise<object>
  /** Drops a version that is not live, with its rows, now. */
  drop(which: ProjectionName & { readonly version: number; readonly build?: number }): Promise<object>
}

/** Answers a GET under `/projections/`; undefined when there is no such page. */
export async function readProjections(api: ProjectionsApi, target: string): Promise<readonly object[] | undefined> {
  return new URL(target, 'http://127.0.0.1').pathname === '/projections/list' ? api.list() : undefined
}

/** Carries out a POST under `/projections/`; undefined when there is no such thing to do. */
export async function changeProjections(api: ProjectionsApi, path: string, body: unknown): Promise<object | undefined> {
  if (path !== '/projections/rebuild' && path !== '/projections/drop') return undefined
  const given = body as Readonly<Record<string, unknown>>
  if (typeof given !== 'object' || given === null) throw badRequest('send a JSON object')
  const [service, projection] = [toText(given, 'service'), toText(given, 'projection')]
  if (service === undefined || projection === undefined) throw badRequest('say which: service and projection')
  const [version, build] = [toNumber(given, 'version'), toNumber(given, 'build')]
  if (path === '/projections/rebuild')
    return api.rebuild({ service, projection, ...(version === undefined ? {} : { version }) })
  if (version === undefined) throw badRequest('version is missing')
  return api.drop({ service, projection, version, ...(build === undefined ? {} : { build }) })
}

/** The highest number of a version. */
const maxVersion = 99_999

function toNumber(given: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = given[name]
  if (value === undefined) return undefined
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= maxVersion) return value as number
  throw badRequest(`${name} must be a whole number from 1 to ${maxVersion}`)
}
