/** Appends to Banyan's event store. Argument: the URL of the database. */
import { createPostgresStore } from '@banyan/postgres'
import { realEnvironment } from 'banyan/core'
import { serveAppends } from './appends-served.ts'

const [url = ''] = process.argv.slice(2)
const { random } = realEnvironment()
const store = await createPostgresStore({ url, service: 'bank', maxConnections: 16 })
await store.migrate([])

serveAppends({
  async append(stream, version, count) {
    const events = Array.from({ length: count }, (_, index) => ({
      id: random.uuidv7(),
      type: 'booked',
      data: { amount: index, note: 'x'.repeat(100) },
    }))
    const { version: now } = await store.streams.append(stream, events, { expected: version === 0 ? 'none' : version })
    return now
  },
  close: () => store.close(500),
})
