/** A system of two services with a projection of both their events, in memory and under virtual time. */
import { command, defineContract, event, query, t } from '../../contract/index.ts'
import type { VirtualEnvironment } from '../../core/index.ts'
import {
  defineProjection,
  type MemoryTarget,
  type MemoryView,
  memoryTables,
  type Projection,
} from '../../projection/index.ts'
import { defineService, defineSystem, service } from '../../runtime/index.ts'
import { defineDatabase } from '../../store/index.ts'
import { startTestSystem, type TestSystem } from '../test-system.ts'

const Change = t.Object({ sku: t.String(), by: t.Integer() })

/** Publishes what it is told. */
// biome-ignore lint/suspicious/noExplicitAny: a test contract whose exact type nobody needs (isolatedDeclarations)
export const Goods: any = defineContract('goods', {
  version: '1.0.0',
  owner: 'tests',
  operations: {
    change: command({ input: Change, output: t.Object({}) }),
    changeMany: command({ input: t.Object({ changes: t.Array(Change) }), output: t.Object({}) }),
  },
  events: { changed: event({ key: 'sku', data: Change }), noted: event({ key: 'sku', data: Change }) },
})

/** Shows the read model. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export const Shelf: any = defineContract('shelf', {
  version: '1.0.0',
  owner: 'tests',
  operations: {
    level: query({
      input: t.Object({ sku: t.String() }),
      output: t.Object({ level: t.Integer(), version: t.Integer() }),
    }),
    changeAndLook: command({ input: Change, output: t.Object({ level: t.Integer() }) }),
    waitFor: query({ input: t.Object({ position: t.String() }), output: t.Object({}) }),
  },
  events: {},
})

/** A row of the read model; `seen` has the ids of the events in it, in order. */
export interface Level {
  readonly level: number
  readonly seen: readonly number[]
}

/** Version `version` of the read model; `weight` is what one piece counts. */
export function stock(
  version: number,
  target: MemoryTarget,
  options: { readonly weight?: number; readonly previous?: Projection; readonly order?: 'key' | 'total' } = {},
): Projection<'goods', MemoryView> {
  const { weight = 1, ...rest } = options
  return defineProjection('stock', {
    version,
    target,
    ...rest,
    on: (on) => [
      on(Goods.events.changed as never, (given: unknown, tx) => {
        const { data, key } = given as { data: { by: number }; key: string }
        if (data.by === 666) throw new Error('poison')
        const { level, seen } = tx.table('level').get<Level>(key) ?? { level: 0, seen: [] }
        tx.table('level').put(key, { level: level + data.by * weight, seen: [...seen, data.by] })
      }),
    ],
  }) as Projection<'goods', MemoryView>
}

/** Starts the two services; `projections` are those of shelf. */
export async function startStock(
  projection: Projection<string, MemoryView>,
  options: { readonly shape?: 'one' | 'split'; readonly environment?: VirtualEnvironment } = {},
): Promise<TestSystem> {
  const database = defineDatabase({ migrations: new URL('./', import.meta.url) })
  const level = async (
    sku: string,
    ctx: { projection: CallableFunction },
  ): Promise<{ level: number; version: number }> => {
    const view = (await ctx.projection(projection)) as MemoryView & { version: number }
    return { level: view.table('level').get<Level>(sku)?.level ?? 0, version: view.version }
  }
  // biome-ignore lint/suspicious/noExplicitAny: the contracts above are any
  type Any = any
  const goods = defineService(Goods, {
    database,
    operations: {
      change: (input: Any, ctx: Any) => ctx.transact(async (tx: Any) => tx.publish(Goods.events.changed, input) ?? {}),
      changeMany: ({ changes }: Any, ctx: Any) =>
        ctx.transact(async (tx: Any) => {
          for (const change of changes) tx.publish(Goods.events.changed, change)
          tx.publish(Goods.events.noted, changes[0])
          return {}
        }),
    },
  } as Any)
  const shelf = defineService(Shelf, {
    database,
    calls: [Goods],
    operations: {
      level: ({ sku }: Any, ctx: Any) => level(sku, ctx),
      async changeAndLook(input: Any, ctx: Any) {
        await ctx.call(Goods.change, input)
        return { level: (await level(input.sku, ctx)).level }
      },
      waitFor: async ({ position }: Any, ctx: Any) => {
        await ctx.waitFor(position, { timeoutMs: 500 })
        return {}
      },
    },
    projections: [projection],
  } as Any)
  const system = defineSystem({
    name: 'stock',
    services: [service(Goods, async () => ({ goods })), service(Shelf, async () => ({ shelf }))],
  } as Any)
  return startTestSystem(system as Any, { shape: options.shape ?? 'one', ...pick(options.environment) })
}

const pick = (environment: VirtualEnvironment | undefined): { environment?: VirtualEnvironment } =>
  environment === undefined ? {} : { environment }

export { memoryTables }
