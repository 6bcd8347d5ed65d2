/**
 * A host whose only business is a projection: balances per account, two numbers a row, one statement per event in transactions of up
 * to 500. Arguments: the URLs of the service's database and of the log.
 */
import { createPostgresBus, createPostgresStore } from '@banyan/postgres'
import { defineContract, defineDatabase, defineService, defineSystem, event, query, service, t } from 'banyan'
import { realEnvironment } from 'banyan/core'
import { defineProjection, ownDatabase } from 'banyan/projection'
import { createHost } from 'banyan/runtime'
import { silentLog } from 'banyan/telemetry'
import { answerParent } from '../measure/peer.ts'

interface Tables {
  balance: { account: number; balance: number; events: number }
}

const [url = '', logUrl = ''] = process.argv.slice(2)
const Bank = defineContract('bank', {
  version: '1.0.0',
  owner: 'benchmarks',
  operations: { total: query({ input: t.Object({}), output: t.Object({ events: t.Integer() }) }) },
  events: {
    booked: event({
      key: 'note',
      data: t.Object({ account: t.Integer(), amount: t.Integer(), note: t.String() }),
    }),
  },
})
const balances = defineProjection('balances', {
  version: 1,
  target: ownDatabase<Tables>(),
  create: ['CREATE TABLE balance (account int PRIMARY KEY, balance bigint NOT NULL, events bigint NOT NULL)'],
  batch: 500,
  on: (on) => [
    on(
      Bank.events.booked,
      ({ data: { account, amount } }, tx) => tx.sql`
        INSERT INTO balance VALUES (${account}, ${amount}, 1)
        ON CONFLICT (account) DO UPDATE SET balance = balance.balance + excluded.balance, events = balance.events + 1`,
    ),
  ],
})
const bank = defineService(Bank, {
  database: defineDatabase({ migrations: new URL('./', import.meta.url) }),
  operations: {
    async total(_input, ctx) {
      const { sql } = await ctx.projection(balances)
      const [row] = await sql<{ events: number }>`SELECT coalesce(sum(events), 0)::int AS events FROM balance`
      return { events: row?.events ?? 0 }
    },
  },
  projections: [balances],
})
const bus = await createPostgresBus({ url: logUrl })
const host = createHost({
  system: defineSystem({ name: 'bench', services: [service(Bank, async () => ({ bank }))] }),
  environment: realEnvironment(),
  incarnation: 'bench#1',
  openStore: async () => {
    const store = await createPostgresStore({ url, service: 'bank' })
    await store.migrate([])
    return store
  },
  bus,
  log: silentLog,
})
await host.start()

answerParent(
  // While the first version is built there is nothing to read.
  {
    total: () =>
      host.invoke(Bank.total, {}, { caller: 'parent' }).then(
        ({ events }) => events,
        () => 0,
      ),
  },
  async () => {
    await host.stop({ drainMs: 500 })
    await bus.close()
  },
)
