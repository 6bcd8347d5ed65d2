/** What a store in memory says to whoever wants tables. */
import { BanyanError } from '../../core/error.ts'

export function speaksNoSql(service: string): BanyanError {
  const message = `this store speaks no SQL: '${service}' runs on the memory store, which has transactions, outbox, inbox and idempotency keys but no tables`
  return new BanyanError('UNIMPLEMENTED', message, {
    reason: 'NO_SQL',
    hint: 'Run the service on Postgres (embedded by default), or keep its state in values of its own.',
  })
}
