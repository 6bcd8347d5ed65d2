/**
 * The event desk of a running system, opened when somebody first asks: most systems run without anybody looking. It has one
 * connection to each database that was made, besides those of the hosts, and gives them up when they are idle.
 */
import type { BridgesApi, EventsApi, ProjectionsApi, SagasApi } from 'banyan/control'
import { BanyanError } from 'banyan/core'
import type { Store } from 'banyan/store'
import { secretsOf, toChildEnv } from './environment.ts'
import type { SystemView } from './system-view.ts'

/** The desk, and its end. */
export interface ParentDesk extends EventsApi {
  readonly bridges: BridgesApi
  readonly projections: ProjectionsApi
  readonly sagas: SagasApi
  close(): Promise<void>
}

const idleMs = 5_000

interface Opened {
  readonly desk: EventsApi
  readonly bridges: BridgesApi
  readonly projections: ProjectionsApi
  readonly sagas: SagasApi
  close(): Promise<void>
}

/** Makes it; nothing is opened yet. */
export function createParentDesk(parent: SystemView): ParentDesk {
  let opened: Promise<Opened> | undefined

  async function parts(): Promise<Opened> {
    opened ??= open(parent)
    try {
      return await opened
    } catch (error) {
      opened = undefined
      throw error
    }
  }
  const desk = async (): Promise<EventsApi> => (await parts()).desk
  const bridges = async (): Promise<BridgesApi> => (await parts()).bridges
  const projections = async (): Promise<ProjectionsApi> => (await parts()).projections
  const sagas = async (): Promise<SagasApi> => (await parts()).sagas

  return {
    lag: async () => (await desk()).lag(),
    dead: async (options) => (await desk()).dead(options),
    tail: async (request) => (await desk()).tail(request),
    audit: async () => (await desk()).audit(),
    replay: async (what, options) => (await desk()).replay(what, options),
    discard: async (what, reason) => (await desk()).discard(what, reason),
    bridges: {
      list: async () => (await bridges()).list(),
      parked: async (which) => (await bridges()).parked(which),
      requests: async (which) => (await bridges()).requests(which),
      ask: async (request) => (await bridges()).ask(request),
    },
    projections: {
      list: async () => (await projections()).list(),
      rebuild: async (which) => (await projections()).rebuild(which),
      drop: async (which) => (await projections()).drop(which),
    },
    sagas: {
      list: async (query) => (await sagas()).list(query),
      counts: async (which) => (await sagas()).counts(which),
      show: async (which) => (await sagas()).show(which),
      locks: async (which) => (await sagas()).locks(which),
      check: async (query) => (await sagas()).check(query),
      export: async (which) => (await sagas()).export(which),
      retry: async (which, hand) => (await sagas()).retry(which, hand),
      skip: async (which, hand) => (await sagas()).skip(which, hand),
      compensate: async (which, hand) => (await sagas()).compensate(which, hand),
      cancel: async (which, hand) => (await sagas()).cancel(which, hand),
      fork: async (which, hand) => (await sagas()).fork(which, hand),
      import: async (which, hand) => (await sagas()).import(which, hand),
    },
    async close() {
      await (await opened?.catch(() => undefined))?.close()
    },
  }
}

async function open({ provisioned, environment, system, options, settings }: SystemView): Promise<Opened> {
  if (provisioned === undefined || system === undefined)
    throw new BanyanError('UNAVAILABLE', 'the databases are still being made', { retryable: true, retryAfterMs: 500 })
  const { createPostgresStore } = await import('@banyan/postgres')
  const { openLog } = await import('../events/open-log.ts')
  const { createEventDesk } = await import('../events/event-desk.ts')
  const { isMigrated } = await import('../events/migrated.ts')
  const { createBridgeDesk } = await import('../bridges/bridge-desk.ts')
  const { hasBridges } = await import('../bridges/has-bridges.ts')
  const { createProjectionDesk } = await import('../projections/projection-desk.ts')
  const { hasBuilds } = await import('../projections/has-builds.ts')
  const { createSagaDesk } = await import('../sagas/saga-desk.ts')
  const { hasSagas } = await import('../sagas/has-sagas.ts')
  const { withAskedSagas } = await import('./ask-sagas.ts')
  const { services, bus: busUrl } = await provisioned
  const stores = new Map<string, Store>()
  const bridged = new Map<string, Store>()
  const projecting = new Map<string, Store>()
  const running = new Map<string, Store>()
  const bus = await openLog({ bus: busUrl, system: system.name })
  const all: Store[] = []
  const close = async (): Promise<void> => {
    await Promise.all([bus.close(), ...all.map((store) => store.close(500))])
  }
  try {
    for (const [service, url] of Object.entries(services)) {
      const store = await createPostgresStore({ url, service, maxConnections: 1, idleTimeoutMs: idleMs })
      all.push(store)
      if (await isMigrated(store)) stores.set(service, store)
      if (await hasBridges(store)) bridged.set(service, store)
      if (await hasBuilds(store)) projecting.set(service, store)
      if (await hasSagas(store)) running.set(service, store)
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    desk: createEventDesk({ stores, bus, now: () => environment.clock.now() }),
    bridges: createBridgeDesk(bridged),
    projections: createProjectionDesk({ stores: projecting, bus }),
    sagas: withAskedSagas(createSagaDesk({ environment, stores: running, codes: new Map() }), {
      cli: options.cli,
      projectFolder: options.project.folder,
      env: toChildEnv(options.env, settings),
      secrets: secretsOf(options.env),
    }),
    close,
  }
}
