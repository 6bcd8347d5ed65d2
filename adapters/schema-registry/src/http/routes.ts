/**
 * The REST dialect of Confluent's Schema Registry: paths, bodies and answers, so that its clients work.
 * Source: https://docs.confluent.io/platform/current/schema-registry/develop/api.html
 */
import { errorCodes, registryError, schemaTypes } from 'banyan/control'
import { BanyanError } from 'banyan/core'
import { toCompatibilityMode } from '../registry.ts'
import type { RegisteredSchema, Registry } from '../registry-types.ts'
import { type Body, toId, toInput, toSchemaBody, toVersion, toVersionBody } from './bodies.ts'

/** A request, taken apart. */
export interface RouteRequest {
  readonly method: string
  /** Decoded segments of the path. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  /** The body as JSON; {} when there is none. */
  readonly body: () => Promise<Readonly<Record<string, unknown>>>
}

type Answer = Promise<unknown>
type Handler = (request: RouteRequest, registry: Registry, names: readonly string[]) => Answer

const flag = ({ query }: RouteRequest, name: string): boolean => query.get(name) === 'true'
const first = (names: readonly string[]): string => names[0] ?? ''
const second = (names: readonly string[]): string => names[1] ?? ''

/** Method and path, `*` for a name; the first that fits answers. */
const routes: readonly (readonly [method: string, path: string, handle: Handler])[] = [
  ['GET', '', async () => ({})],
  ['GET', 'schemas', (request, registry) => listed(request, registry)],
  ['GET', 'schemas/types', async () => [...schemaTypes]],
  ['GET', 'schemas/ids/*', async (_, registry, names) => toSchemaBody(await registry.schema(toId(first(names))))],
  [
    'GET',
    'schemas/ids/*/schema',
    async (_, registry, names) => raw((await registry.schema(toId(first(names)))).schema),
  ],
  [
    'GET',
    'schemas/ids/*/subjects',
    async (request, registry, names) => subjectsOf(registry, first(names), flag(request, 'deleted')),
  ],
  [
    'GET',
    'schemas/ids/*/versions',
    async (request, registry, names) => versionsOf(registry, first(names), flag(request, 'deleted')),
  ],
  [
    'GET',
    'subjects',
    (request, registry) =>
      registry.subjects({ prefix: request.query.get('subjectPrefix') ?? '', deleted: flag(request, 'deleted') }),
  ],
  [
    'GET',
    'subjects/*/versions',
    (request, registry, names) => registry.versions(first(names), { deleted: flag(request, 'deleted') }),
  ],
  [
    'POST',
    'subjects/*/versions',
    async (request, registry, names) => ({
      id: (await registry.register(first(names), toInput(await request.body()))).id,
    }),
  ],
  [
    'GET',
    'subjects/*/versions/*',
    async (request, registry, names) => toVersionBody(await versionOf(request, registry, names)),
  ],
  [
    'GET',
    'subjects/*/versions/*/schema',
    async (request, registry, names) => raw((await versionOf(request, registry, names)).schema),
  ],
  [
    'POST',
    'subjects/*',
    async (request, registry, names) =>
      toVersionBody(
        await registry.lookup(first(names), toInput(await request.body()), { deleted: flag(request, 'deleted') }),
      ),
  ],
  [
    'DELETE',
    'subjects/*',
    (request, registry, names) => registry.remove(first(names), 'all', flag(request, 'permanent')),
  ],
  [
    'DELETE',
    'subjects/*/versions/*',
    async (request, registry, names) =>
      (await registry.remove(first(names), toVersion(second(names)), flag(request, 'permanent')))[0],
  ],
  [
    'POST',
    'compatibility/subjects/*/versions',
    (request, registry, names) => judge(request, registry, first(names), undefined),
  ],
  [
    'POST',
    'compatibility/subjects/*/versions/*',
    (request, registry, names) => judge(request, registry, first(names), toVersion(second(names))),
  ],
  ['GET', 'config', async (_, registry) => ({ compatibilityLevel: await registry.compatibility('') })],
  ['PUT', 'config', (request, registry) => configure(request, registry, '')],
  ['DELETE', 'config', (_, registry) => unconfigure(registry, '')],
  ['GET', 'config/*', (request, registry, names) => configOf(request, registry, first(names))],
  ['PUT', 'config/*', (request, registry, names) => configure(request, registry, first(names))],
  ['DELETE', 'config/*', (_, registry, names) => unconfigure(registry, first(names))],
  ['GET', 'mode', async (_, registry) => ({ mode: await registry.mode('') })],
  ['PUT', 'mode', (request, registry) => setMode(request, registry, '')],
  ['GET', 'mode/*', (request, registry, names) => modeOf(request, registry, first(names))],
  ['PUT', 'mode/*', (request, registry, names) => setMode(request, registry, first(names))],
  ['DELETE', 'mode/*', (_, registry, names) => unsetMode(registry, first(names))],
]

const compiled = routes.map(([method, path, handle]) => ({ method, parts: path === '' ? [] : path.split('/'), handle }))

/** Text that is the answer itself. */
export class Raw {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
const raw = (text: string): Raw => new Raw(text)

/** Answers a request; rejects with an error of the registry, or NOT_FOUND and UNIMPLEMENTED for what is no route. */
export async function answer(request: RouteRequest, registry: Registry): Promise<unknown> {
  const fitting = compiled.filter(({ parts }) => fits(parts, request.path))
  if (fitting.length === 0) throw new BanyanError('NOT_FOUND', 'HTTP 404 Not Found', { httpStatus: 404 })
  const route = fitting.find(({ method }) => method === request.method)
  if (route === undefined) throw new BanyanError('UNIMPLEMENTED', 'HTTP 405 Method Not Allowed', { httpStatus: 405 })
  const names = request.path.filter((_, index) => route.parts[index] === '*')
  return route.handle(request, registry, names)
}

function fits(parts: readonly string[], path: readonly string[]): boolean {
  return parts.length === path.length && parts.every((part, index) => part === '*' || part === path[index])
}

async function listed(request: RouteRequest, registry: Registry): Promise<readonly Body[]> {
  const count = (name: string): number | undefined => {
    const text = request.query.get(name) ?? ''
    return /^\d{1,9}$/.test(text) ? Number(text) : undefined
  }
  const [offset, limit] = [count('offset'), count('limit')]
  const found = await registry.listed({
    prefix: request.query.get('subjectPrefix') ?? '',
    latest: flag(request, 'latestOnly'),
    deleted: flag(request, 'deleted'),
    ...(offset !== undefined && { offset }),
    ...(limit !== undefined && { limit }),
  })
  return found.map(toVersionBody)
}

const versionOf = (request: RouteRequest, registry: Registry, names: readonly string[]): Promise<RegisteredSchema> =>
  registry.version(first(names), toVersion(second(names)), { deleted: flag(request, 'deleted') })

async function versionsOf(registry: Registry, id: string, deleted: boolean): Promise<unknown> {
  await registry.schema(toId(id))
  const uses = await registry.uses(toId(id))
  return uses.filter((one) => deleted || !one.deleted).map(({ subject, version }) => ({ subject, version }))
}

async function subjectsOf(registry: Registry, id: string, deleted: boolean): Promise<unknown> {
  const uses = (await versionsOf(registry, id, deleted)) as readonly { readonly subject: string }[]
  return [...new Set(uses.map(({ subject }) => subject))]
}

async function judge(
  request: RouteRequest,
  registry: Registry,
  subject: string,
  version: number | 'latest' | undefined,
): Promise<Body> {
  const { compatible, refusals } = await registry.check(subject, toInput(await request.body()), version)
  const messages = refusals.map(({ direction, message }) => `${direction}: ${message}`)
  return { is_compatible: compatible, ...(flag(request, 'verbose') && { messages }) }
}

async function configOf(request: RouteRequest, registry: Registry, subject: string): Promise<Body> {
  const level = await registry.compatibility(subject, !flag(request, 'defaultToGlobal'))
  if (level === undefined)
    throw registryError(errorCodes.compatibilityNotFound, `'${subject}' has no compatibility level of its own`)
  return { compatibilityLevel: level }
}

async function configure(request: RouteRequest, registry: Registry, subject: string): Promise<Body> {
  const compatibility = toCompatibilityMode((await request.body())['compatibility'])
  await registry.setCompatibility(subject, compatibility)
  return { compatibility }
}

async function unconfigure(registry: Registry, subject: string): Promise<Body> {
  const before = await registry.compatibility(subject, true)
  if (before === undefined)
    throw registryError(errorCodes.compatibilityNotFound, `'${subject}' has no compatibility level of its own`)
  await registry.setCompatibility(subject, undefined)
  return { compatibilityLevel: before }
}

async function modeOf(request: RouteRequest, registry: Registry, subject: string): Promise<Body> {
  const mode = await registry.mode(subject, !flag(request, 'defaultToGlobal'))
  if (mode === undefined) throw registryError(errorCodes.modeNotFound, `'${subject}' has no mode of its own`)
  return { mode }
}

async function setMode(request: RouteRequest, registry: Registry, subject: string): Promise<Body> {
  const { mode } = await request.body()
  if (mode !== 'READWRITE' && mode !== 'READONLY')
    throw registryError(
      errorCodes.invalidMode,
      `the mode is READWRITE or READONLY, not ${JSON.stringify(mode)?.slice(0, 40)}`,
    )
  await registry.setMode(subject, mode)
  return { mode }
}

async function unsetMode(registry: Registry, subject: string): Promise<Body> {
  const before = await registry.mode(subject, true)
  if (before === undefined) throw registryError(errorCodes.modeNotFound, `'${subject}' has no mode of its own`)
  await registry.setMode(subject, undefined)
  return { mode: before }
}
