/** Keepers of one projection over a log in memory, as hosts with whatever versions would have them, under virtual time. */
import { defineContract, event, t } from '../../contract/index.ts'
import {
  defineProjection,
  type MemoryTarget,
  type MemoryView,
  memoryTables,
  type Projection,
} from '../../projection/index.ts'
import { createKeeper, type ProjectionKeeper } from '../../projection/keeper.ts'
import type { Store } from '../../store/store.ts'
import { createDeliveryRig, type DeliveryRig } from './delivery-rig.ts'

// biome-ignore lint/suspicious/noExplicitAny: a test contract whose exact type nobody needs (isolatedDeclarations)
const Producer: any = defineContract('producer', {
  version: '1.0.0',
  owner: 'tests',
  operations: {},
  events: { happened: event({ key: 'key', data: t.Object({ key: t.String(), label: t.String() }) }) },
})

/** What a definition may differ in. */
export interface VersionOptions {
  readonly previous?: Projection
  /** Makes the difference between versions visible. */
  readonly mark?: string
  readonly poison?: string
  readonly maxLag?: number
  readonly keepRetiredMs?: number
  readonly history?: 'whole' | 'available'
}

export interface KeeperRig extends DeliveryRig {
  readonly target: MemoryTarget
  /** The labels of each key, in the order in which they were applied. */
  define(version: number, options?: VersionOptions): Projection
  /** A host that has this definition; prepared and started. */
  keep(projection: Projection, store?: Store): Promise<ProjectionKeeper>
  /** What readers see through a keeper. */
  seen(keeper: ProjectionKeeper): Promise<{ readonly version: number; readonly rows: Readonly<Record<string, string>> }>
  /** The rows of a version, whoever sees it. */
  rowsOf(version: number): Promise<Readonly<Record<string, string>>>
}

export function createKeeperRig(seed = 1): KeeperRig {
  const rig = createDeliveryRig(seed)
  const { environment, bus } = rig
  const target = memoryTables()
  const toRows = (view: MemoryView): Record<string, string> => Object.fromEntries(view.table('row').rows<string>())

  return {
    ...rig,
    target,
    define: (version, { mark = '', poison, ...options } = {}) =>
      defineProjection('rows', {
        version,
        target,
        ...options,
        on: (on) => [
          on(Producer.events.happened as never, (given: unknown, tx) => {
            const { key, data } = given as { key: string; data: { label: string } }
            if (data.label === poison) throw new Error('poison')
            tx.table('row').put(key, `${tx.table('row').get(key) ?? ''}${mark}${data.label} `)
          }),
        ],
      }),
    async keep(projection, store = rig.consumer) {
      const keeper = createKeeper(
        {
          environment,
          service: 'consumer',
          store,
          bus,
          holder: environment.random.uuidv7(),
          log: { info: () => undefined, warn: () => undefined },
          typesOf: () => ['sample.happened.v1'],
          opener: (of) => (logged) => {
            const { subject, data } = JSON.parse(logged.envelope) as { subject: string; data: unknown }
            return { id: logged.id, type: of.wire, source: logged.source, key: subject, timeMs: 0, data }
          },
          isTerminal: () => false,
          call: () => Promise.reject(new Error('nobody to call')),
        },
        projection,
      )
      await environment.run(keeper.prepare())
      keeper.start()
      return keeper
    },
    async seen(keeper) {
      const view = (await environment.run(keeper.read({}))) as MemoryView & { version: number }
      return { version: view.version, rows: toRows(view) }
    },
    async rowsOf(version) {
      return toRows((await target.open({} as never)).view({ name: 'rows', version }))
    },
  }
}
