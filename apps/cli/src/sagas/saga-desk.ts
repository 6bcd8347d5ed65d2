/**
 * What a person sees of sagas and does about them, over the databases of services: for the command line and for the control port.
 * What is done is a commit in the service's database that raises the epoch of the run, so this may run anywhere.
 */
import type { SagaName, SagaQuery, SagasApi } from 'banyan/control'
import { BanyanError, type Environment } from 'banyan/core'
import {
  cancelSaga,
  checkSagas,
  compensateSaga,
  exportSaga,
  forkSaga,
  importSaga,
  retrySaga,
  type SagaCode,
  type SagaPlace,
  skipOperation,
  viewSaga,
} from 'banyan/saga'
import type { SagaFilter, SagaState, SagaSummary, Store } from 'banyan/store'
import { listLate } from './late-runs.ts'
import { toSagaRow } from './saga-row.ts'

/** What it works on. */
export interface SagaDeskOptions {
  readonly environment: Environment
  /** Stores by service: those that have a database. */
  readonly stores: ReadonlyMap<string, Store>
  /** The code of their sagas, as far as it is at hand. */
  readonly codes: ReadonlyMap<string, SagaCode>
}

const defaultListed = 50
const defaultLocks = 200

/** Makes the desk. */
export function createSagaDesk(options: SagaDeskOptions): SagasApi {
  const { stores } = options

  /** A run's place: in the service that is named, or in the only one that has it. */
  async function placeOf({ service, run }: SagaName): Promise<SagaPlace> {
    if (service !== undefined) return toPlace(options, service)
    const places = [...stores.keys()].map((name) => toPlace(options, name))
    const found = await Promise.all(places.map(async (place) => ({ place, has: await has(place, run) })))
    const having = found.filter((one) => one.has).map(({ place }) => place)
    const [place] = having
    if (place === undefined) throw notFound(run)
    if (having.length > 1) throw ambiguous(run, having)
    return place
  }

  return {
    async list(query) {
      const chosen = servicesOf(options, query.service)
      const pages = await Promise.all(chosen.map((service) => listOne(toPlace(options, service), query)))
      const limit = query.limit ?? defaultListed
      const all = pages.flatMap(({ service, sagas }) => sagas.map((saga) => ({ service, saga })))
      const shown = all.sort((one, other) => (one.saga.id < other.saga.id ? 1 : -1)).slice(0, limit)
      const isMore = all.length > limit || pages.some(({ more }) => more)
      const next = isMore ? shown.at(-1)?.saga.id : undefined
      const nowMs = options.environment.clock.now()
      const sagas = shown.map(({ service, saga }) => toSagaRow(service, saga, nowMs))
      return { sagas, ...(next === undefined ? {} : { next }) }
    },
    async counts({ service }) {
      const found = servicesOf(options, service).map(async (name) => ({
        service: name,
        ...(await toPlace(options, name).sagas.counts()),
      }))
      return Promise.all(found)
    },
    show: async ({ secrets = false, ...which }) => viewSaga(await placeOf(which), which.run, { secrets }),
    async locks({ service, limit = defaultLocks }) {
      const found = servicesOf(options, service).map(async (name) => {
        const locks = await toPlace(options, name).sagas.locks(limit)
        return locks.map((lock) => ({ service: name, ...lock }))
      })
      return (await Promise.all(found)).flat().sort((one, other) => one.sinceMs - other.sinceMs)
    },
    async check({ service, ...query }) {
      const found = []
      for (const name of servicesOf(options, service)) found.push(await checkSagas(toPlace(options, name), query))
      return found
    },
    export: async ({ secrets = false, ...which }) => exportSaga(await placeOf(which), which.run, { secrets }),
    retry: async (which, hand) => retrySaga(await placeOf(which), which.run, hand),
    skip: async ({ seq, result, ...which }, hand) =>
      skipOperation(await placeOf(which), which.run, { ...(seq === undefined ? {} : { seq }), result }, hand),
    compensate: async (which, hand) => compensateSaga(await placeOf(which), which.run, hand),
    cancel: async (which, hand) => cancelSaga(await placeOf(which), which.run, hand),
    fork: async ({ service, run, ...fork }, hand) =>
      forkSaga(await placeOf({ run, ...(service === undefined ? {} : { service }) }), run, fork, hand),
    import: async ({ service, document }, hand) => importSaga(toPlace(options, service), document, hand),
  }
}

function toPlace({ environment, stores, codes }: SagaDeskOptions, service: string): SagaPlace {
  const store = stores.get(service)
  if (store !== undefined) return { environment, service, sagas: store.sagas, code: codes.get(service) }
  throw new BanyanError('NOT_FOUND', `there is no service '${service}' with sagas`, {
    reason: 'NO_SERVICE',
    hint: `There are: ${[...stores.keys()].join(', ') || 'none'}.`,
  })
}

const servicesOf = ({ stores }: SagaDeskOptions, service: string | undefined): readonly string[] =>
  service === undefined ? [...stores.keys()] : [service]

async function has({ sagas }: SagaPlace, run: string): Promise<boolean> {
  const slash = run.indexOf('/')
  if (slash < 0) return (await sagas.find(run)) !== undefined
  return (await sagas.findByKey(run.slice(0, slash), run.slice(slash + 1))) !== undefined
}

interface Listed {
  readonly service: string
  readonly sagas: readonly SagaSummary[]
  readonly more: boolean
}

/** With `stuckMs`, those that are parked are among them: both need somebody. */
async function listOne({ service, sagas }: SagaPlace, query: SagaQuery): Promise<Listed> {
  const { name, key, states, before, stuckMs, late, limit = defaultListed } = query
  const filter: SagaFilter = {
    limit,
    ...(name === undefined ? {} : { name }),
    ...(key === undefined ? {} : { key }),
    ...(before === undefined ? {} : { before }),
    ...(states === undefined ? {} : { states: states as readonly SagaState[] }),
  }
  if (late === true) return { service, ...(await listLate(sagas, filter)) }
  const asked = stuckMs === undefined ? [filter] : [{ ...filter, stuckMs }, ...parkedToo(filter)]
  const pages = await Promise.all(asked.map((one) => sagas.list(one)))
  const found = new Map(pages.flatMap((page) => page.sagas.map((saga) => [saga.id, saga] as const)))
  return { service, sagas: [...found.values()], more: pages.some(({ next }) => next !== undefined) }
}

function parkedToo(filter: SagaFilter): readonly SagaFilter[] {
  if (filter.states !== undefined && !filter.states.includes('parked')) return []
  return [{ ...filter, states: ['parked'] }]
}

function notFound(run: string): BanyanError {
  return new BanyanError('NOT_FOUND', `no service has a run '${run}'`, {
    reason: 'NO_SUCH_SAGA',
    hint: 'Name it by its id, or as <saga>/<key>; ended runs are forgotten after a week. See banyan saga list.',
  })
}

function ambiguous(run: string, places: readonly SagaPlace[]): BanyanError {
  const services = places.map(({ service }) => service).join(', ')
  return new BanyanError('INVALID_ARGUMENT', `'${run}' is a run of several services: ${services}`, {
    reason: 'AMBIGUOUS_SAGA',
    hint: 'Say which with --service, or name the run by its id.',
  })
}
