/** `banyan projections`: which versions of read models there are, building one again, dropping one. */
import type { ProjectionsApi } from 'banyan/control'
import type { Store } from 'banyan/store'
import { openLog } from '../events/open-log.ts'
import { exitCodes, UsageError } from '../failure.ts'
import { withServiceDatabases } from '../parent/service-databases.ts'
import { hasBuilds } from '../projections/has-builds.ts'
import { createProjectionDesk, type ProjectionLine } from '../projections/projection-desk.ts'
import { printRows } from './table.ts'

interface Flags {
  readonly project: string
  readonly json?: boolean
}

async function open<Result>({ project }: Flags, use: (desk: ProjectionsApi) => Promise<Result>): Promise<Result> {
  return withServiceDatabases({ project, env: process.env, cwd: process.cwd() }, async (databases, place) => {
    const bus = await openLog(place)
    try {
      const stores = new Map<string, Store>()
      for (const { service, store } of databases) if (await hasBuilds(store)) stores.set(service, store)
      return await use(createProjectionDesk({ stores, bus }))
    } finally {
      await bus.close()
    }
  })
}

/** Lists every version and build with phase and progress; dropped ones only with `all`. */
export async function projectionsList(flags: Flags & { readonly all?: boolean }): Promise<number> {
  return open(flags, async (desk) => {
    const lines = (await desk.list()) as readonly ProjectionLine[]
    const shown = lines.filter(({ phase }) => flags.all === true || phase !== 'dropped')
    printRows(flags.json === true ? shown : shown.map(toRow), flags.json === true)
    return exitCodes.ok
  })
}

function toRow({
  service,
  projection,
  version,
  build,
  phase,
  lag,
  parkedEvents,
  missing,
  sources,
}: ProjectionLine): object {
  const progress = sources.map(({ source, done, end }) => `${source} ${done}/${end}`).join(', ')
  return { service, projection, version, build, phase, lag, parkedEvents, missing, progress }
}

/** A version, as typed. */
interface Typed {
  readonly service: string
  readonly projection: string
  readonly version?: string
  readonly build?: string
}

/** Asks for a new build. */
export async function projectionsRebuild(typed: Typed, flags: Flags): Promise<number> {
  const { service, projection } = typed
  const version = typed.version === undefined ? undefined : toNumber('the version', typed.version)
  return open(flags, async (desk) => {
    const made = await desk.rebuild({ service, projection, ...(version === undefined ? {} : { version }) })
    printRows([{ ...made, watch: 'banyan projections list' }], flags.json === true)
    return exitCodes.ok
  })
}

/** Drops a version that is not live. */
export async function projectionsDrop(typed: Typed, flags: Flags): Promise<number> {
  const { service, projection } = typed
  const version = toNumber('the version', typed.version ?? '')
  const build = toNumber('the build', typed.build ?? '1')
  return open(flags, async (desk) => {
    printRows([await desk.drop({ service, projection, version, build })], flags.json === true)
    return exitCodes.ok
  })
}

function toNumber(what: string, text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  throw new UsageError(`${what} must be a whole number from 1 to 99999, is '${text}'`)
}
