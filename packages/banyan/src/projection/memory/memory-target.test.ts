import { projectionTargetSuite } from '../../testing/suites/index.ts'
import { type MemoryTx, type MemoryView, memoryTables } from '../index.ts'

projectionTargetSuite<MemoryTx, MemoryView>(
  'memory',
  async () => {
    const definition = memoryTables()
    const [target, second] = [await definition.open({} as never), await definition.open({} as never)]
    return {
      target,
      second,
      transact: (work) => work({} as never),
      create: async () => undefined,
      append: async (tx, key, text) => tx.table('row').put(key, `${tx.table('row').get(key) ?? ''}${text}`),
      remove: async (tx, key) => tx.table('row').delete(key),
      read: async (view, key) => view.table('row').get<string>(key),
      close: async () => undefined,
    }
  },
  { cursors: true },
)
