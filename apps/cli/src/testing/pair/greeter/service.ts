/** Greets. */
import { defineDatabase, defineService } from 'banyan'
import { Counter } from '../counter/contract.ts'
import { Greeter } from './contract.ts'

interface Tables {
  heard: { by: number }
}

export const greeter = defineService(Greeter, {
  calls: [Counter.total],
  database: defineDatabase<Tables>({ migrations: new URL('./migrations/', import.meta.url) }),
  operations: {
    async greet({ name }, ctx) {
      const { total, pid } = await ctx.call(Counter.total, {})
      return { text: `hello ${name} ${total}`, pid: process.pid, counterPid: pid }
    },
    async heard(_, ctx) {
      const rows = await ctx.db.selectFrom('heard').select('by').execute()
      return { sum: rows.reduce((sum, { by }) => sum + by, 0) }
    },
  },
  on: (on) => [
    on(Counter.events.added, ({ data }, ctx) =>
      ctx.transact(async (tx) => {
        await tx.db.insertInto('heard').values({ by: data.by }).execute()
      }),
    ),
  ],
})
