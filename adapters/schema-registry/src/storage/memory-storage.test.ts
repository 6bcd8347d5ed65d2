import { storageSuite } from '../testing/storage-suite.ts'
import { createMemoryStorage } from './memory-storage.ts'

storageSuite('memory', async () => {
  const storage = createMemoryStorage()
  return { storage, second: storage, close: () => storage.close() }
})
