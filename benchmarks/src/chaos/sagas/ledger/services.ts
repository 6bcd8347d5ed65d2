/** The two services of the small system. */
import { defineDatabase, defineService, defineSystem, service } from 'banyan'
import type { System } from 'banyan/runtime'
import { Approve, Ledger, LetGo, Wallet } from './contracts.ts'
import { parcel, rival, transfer } from './sagas.ts'
import { readBook, write } from './tables.ts'

/** The migrations are code (tables.ts): the rig opens the databases itself. */
const database = defineDatabase({ migrations: new URL('./', import.meta.url) })

const wallet = defineService(Wallet, {
  database,
  operations: {
    take: ({ key, what }, ctx) =>
      ctx.transact(async (tx) => {
        await write(tx, key, what)
        return { place: 1 }
      }),
    giveBack: ({ key, what }, ctx) =>
      ctx.transact(async (tx) => {
        // What is undone may not have been done: then there is nothing to give back.
        const book = await readBook(tx, key)
        if ((book.get(what) ?? 0) > (book.get(`${what} back`) ?? 0)) await write(tx, key, `${what} back`)
        return {}
      }),
    settle: ({ key }, ctx) =>
      ctx.transact(async (tx) => {
        await write(tx, key, 'settle')
        tx.publish(Wallet.events.settled, { key })
        return {}
      }),
    refuse: (_, ctx) => {
      throw ctx.fail('NEVER')
    },
  },
})

const ledger = defineService(Ledger, {
  calls: [Wallet],
  database,
  sagas: [transfer, rival, parcel],
  operations: {
    ask: (input, ctx) =>
      ctx.transact(async (tx) => {
        tx.publish(Ledger.events.asked, input)
        return {}
      }),
    rival: async (input, ctx) => {
      await ctx.sagas.start(rival, input)
      return {}
    },
    letGo: ({ key }, ctx) =>
      ctx.transact(async (tx) => {
        await tx.sagas.signal(rival, key, LetGo, {})
        return {}
      }),
    approve: ({ key }, ctx) =>
      ctx.transact(async (tx) => {
        await tx.sagas.signal(transfer, key, Approve, {})
        return {}
      }),
    cancel: async ({ key }, ctx) => {
      await ctx.sagas.cancel(transfer, key, 'changed my mind')
      return {}
    },
  },
})

export default defineSystem({
  name: 'ledger',
  services: [service(Wallet, async () => ({ wallet })), service(Ledger, async () => ({ ledger }))],
}) as System
