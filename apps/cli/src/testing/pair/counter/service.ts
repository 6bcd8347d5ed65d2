/** Counts. */
import { setTimeout as pause } from 'node:timers/promises'
import { defineDatabase, defineService } from 'banyan'
import { Counter } from './contract.ts'

interface Tables {
  counter: { id: string; total: number }
}

export const counter = defineService(Counter, {
  database: defineDatabase<Tables>({ migrations: new URL('./migrations/', import.meta.url) }),
  operations: {
    add: ({ by }, ctx) =>
      ctx.transact(async (tx) => {
        const [row] = await tx.sql<{ total: number }>`update counter set total = total + ${by} returning total`
        tx.publish(Counter.events.added, { counter: 'one', by })
        return { total: row?.total ?? 0 }
      }),
    async total(_, ctx) {
      const row = await ctx.db.selectFrom('counter').select('total').executeTakeFirstOrThrow()
      return { total: row.total, pid: process.pid }
    },
    async slow({ ms }, ctx) {
      ctx.log.info('a slow call begins')
      await pause(ms, undefined, { signal: ctx.signal })
      return { ms }
    },
    throwLater() {
      setTimeout(() => {
        throw new Error('nobody catches this')
      }, 20)
      return {}
    },
  },
})
