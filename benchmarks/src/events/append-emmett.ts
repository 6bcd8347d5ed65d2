/** Appends to Emmett's event store on Postgres. Argument: the URL of the database. */
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql'
import { serveAppends } from './appends-served.ts'

const [url = ''] = process.argv.slice(2)
const store = getPostgreSQLEventStore(url)
await store.schema.migrate()

serveAppends({
  async append(stream, version, count) {
    const events = Array.from({ length: count }, (_, index) => ({
      type: 'booked',
      data: { amount: index, note: 'x'.repeat(100) },
    }))
    const expected = version === 0 ? 'STREAM_DOES_NOT_EXIST' : BigInt(version)
    const { nextExpectedStreamVersion } = await store.appendToStream(stream, events, {
      expectedStreamVersion: expected,
    })
    return Number(nextExpectedStreamVersion)
  },
  close: () => store.close(),
})
