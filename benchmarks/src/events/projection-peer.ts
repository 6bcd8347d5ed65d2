/**
 * A host whose only business is a projection: balances per account, two numbers a row. Its handler takes all events of a transaction at
 * once and writes them by one statement (`batch`), or takes them one by one (`each`). Arguments: the URLs of the service's database
 * and of the log, and which of the two. It starts when it is asked to.
 */
import { createPostgresBus, createPostgresStore, type PostgresStore } from '@banyan/postgres'
import { defineContract, defineDatabase, defineService, defineSystem, event, query, service, t } from 'banyan'
import { realEnvironment } from 'banyan/core'
import { type DatabaseTx, defineProjection, ownDatabase, type ProjectedEvent } from 'banyan/projection'
import { createHost } from 'banyan/runtime'
import { silentLog } from 'banyan/telemetry'
import { answerParent } from '../measure/peer.ts'

interface Tables {
  balance: { account: number; balance: number; events: number }
}

const [url = '', logUrl = '', way = 'batch'] = process.argv.slice(2)
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
type Booked = ProjectedEvent<{ account: number; amount: number }>
type Tx = DatabaseTx<Tables>

const one = ({ data: { account, amount } }: Booked, tx: Tx): Promise<unknown> => tx.sql`
  INSERT INTO balance VALUES (${account}, ${amount}, 1)
  ON CONFLICT (account) DO UPDATE SET balance = balance.balance + excluded.balance, events = balance.events + 1`

const many = (events: readonly Booked[], tx: Tx): Promise<unknown> => tx.sql`
  INSERT INTO balance
  SELECT account, sum(amount), count(*)
  FROM unnest(${events.map(({ data }) => data.account)}::int[], ${events.map(({ data }) => data.amount)}::bigint[])
    AS e (account, amount)
  GROUP BY account ORDER BY account
  ON CONFLICT (account) DO UPDATE
    SET balance = balance.balance + excluded.balance, events = balance.events + excluded.events`

const balances = defineProjection('balances', {
  version: 1,
  target: ownDatabase<Tables>(),
  create: ['CREATE TABLE balance (account int PRIMARY KEY, balance bigint NOT NULL, events bigint NOT NULL)'],
  batch: 500,
  on: (on) => [way === 'each' ? on(Bank.events.booked, one) : on.batch(Bank.events.booked, many)],
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
const store: PostgresStore = await createPostgresStore({ url, service: 'bank' })
await store.migrate([])
const host = createHost({
  system: defineSystem({ name: 'bench', services: [service(Bank, async () => ({ bank }))] }),
  environment: realEnvironment(),
  incarnation: 'bench#1',
  openStore: async () => store,
  bus,
  log: silentLog,
})

answerParent(
  {
    start: () => host.start(),
    /** Events that are behind the low-water mark. */
    async done() {
      const [row] = await store.sql<{ done: number }>`
        SELECT coalesce(sum(low_water), 0)::int AS done FROM banyan.consumer`
      return row?.done ?? 0
    },
    /** Events that are in the rows; none while the first version is built, for there is nothing to read. */
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
