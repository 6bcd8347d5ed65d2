/**
 * What a person sees of read models and does about them, over the databases of services and the log: for the command line and
 * for the control port. A build that is asked for is a row in the books, and whoever has the definition fills it.
 */
import type { Bus } from 'banyan/bus'
import type { ProjectionName, ProjectionsApi } from 'banyan/control'
import { BanyanError } from 'banyan/core'
import { ownDatabase } from 'banyan/projection'
import { type GroupProgress, type ProjectionRecord, projectionGroup, type Store } from 'banyan/store'

/** What it works on. */
export interface ProjectionDeskOptions {
  /** Stores by service: those that have a database. */
  readonly stores: ReadonlyMap<string, Store>
  readonly bus: Bus
}

/** A version, or a build of one, and how it is doing. */
export interface ProjectionLine {
  readonly service: string
  readonly projection: string
  readonly version: number
  readonly build: number
  readonly phase: ProjectionRecord['phase']
  readonly live: boolean
  readonly target: string
  /** Events it has still to apply, over all sources that it has begun with. */
  readonly lag: number
  readonly parkedEvents: number
  /** Events it needs that the log no longer has: it is refused, unless it may do without them. */
  readonly missing: number
  readonly sources: readonly { readonly source: string; readonly done: number; readonly end: number }[]
  readonly createdAt: string
  readonly liveAt: string | undefined
  readonly retiredAt: string | undefined
}

/** Makes the desk. */
export function createProjectionDesk({ stores, bus }: ProjectionDeskOptions): ProjectionsApi {
  function storeOf(service: string): Store {
    const store = stores.get(service)
    if (store !== undefined) return store
    throw new BanyanError('NOT_FOUND', `there is no service '${service}' with a database`, {
      reason: 'NO_SERVICE',
      hint: `There are: ${[...stores.keys()].join(', ')}.`,
    })
  }

  return {
    async list() {
      const lines: ProjectionLine[] = []
      for (const [service, { projections, inbox }] of stores) {
        const records = await projections.list()
        const groups = records.length === 0 ? [] : await inbox.groups()
        for (const record of records) lines.push(await toLine(bus, service, record, groups))
      }
      return lines
    },
    async rebuild({ service, projection: name, version }) {
      const made = await storeOf(service).projections.rebuild({ name, ...(version === undefined ? {} : { version }) })
      return { projection: made.name, version: made.version, build: made.build, phase: made.phase }
    },
    async drop({ service, projection, version, build = 1 }) {
      const store = storeOf(service)
      const record = await find(store, { service, projection }, version, build)
      // Only its hosts know the way to rows that lie elsewhere.
      if (record.target !== 'database') throw elsewhere(record)
      const target = await ownDatabase().open({ service, store })
      await store.projections.drop(record, { destroy: (tx) => target.destroy(record, tx) })
      return { projection, version, build, phase: 'dropped' }
    },
  }
}

async function toLine(
  bus: Bus,
  service: string,
  record: ProjectionRecord,
  groups: readonly GroupProgress[],
): Promise<ProjectionLine> {
  const { name, version, build, phase, target, createdAt, liveAt, retiredAt } = record
  const own = phase === 'dropped' ? [] : groups.filter(({ group }) => group === projectionGroup(record))
  const sources: ProjectionLine['sources'][number][] = []
  let missing = 0
  for (const { source, cursor } of own) {
    sources.push({ source, done: cursor, end: await bus.end(source) })
    const start = (await bus.keeping?.source(source))?.start ?? 1
    if (phase === 'building') missing += Math.max(0, start - cursor - 1)
  }
  const lag = sources.reduce((sum, { done, end }) => sum + Math.max(0, end - done), 0)
  const parkedEvents = own.reduce((sum, group) => sum + group.parkedEvents, 0)
  const which = { service, projection: name, version, build, phase, live: phase === 'live', target }
  return { ...which, lag, parkedEvents, missing, sources, createdAt, liveAt, retiredAt }
}

async function find(
  store: Store,
  { service, projection }: ProjectionName,
  version: number,
  build: number,
): Promise<ProjectionRecord> {
  const all = (await store.projections.list()).filter(({ name, phase }) => name === projection && phase !== 'dropped')
  const found = all.find((record) => record.version === version && record.build === build)
  if (found !== undefined) return found
  const known = all.map((record) => `${record.version} (build ${record.build})`).join(', ')
  throw new BanyanError('NOT_FOUND', `'${service}' has no build ${build} of version ${version} of '${projection}'`, {
    reason: 'NO_PROJECTION',
    hint: known === '' ? 'See banyan projections list.' : `There is: ${known}.`,
  })
}

function elsewhere(record: ProjectionRecord): BanyanError {
  return new BanyanError(
    'FAILED_PRECONDITION',
    `the rows of '${projectionGroup(record)}' lie in '${record.target}', which only its hosts know`,
    { reason: 'TARGET_ELSEWHERE', hint: 'A host drops it after keepRetiredMs.' },
  )
}
