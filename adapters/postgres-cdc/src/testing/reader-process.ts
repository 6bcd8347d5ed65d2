/**
 * A reader as a process of its own, so that tests can kill it with nothing being tidied up. It ends itself with SIGKILL before
 * or after the commit of its n-th transaction, when told to. Its argument is JSON.
 */
import { createPostgresStore } from '@banyan/postgres'
import type { Store, StoreTransaction, TransactOptions } from 'banyan/store'
import { createChangeSource } from '../change-source.ts'
import { mirror } from './mirror-contract.ts'

/** What the process is told. */
export interface ReaderTask {
  readonly url: string
  readonly target: string
  readonly name: string
  readonly leaseMs: number
  readonly batchEvents: number
  readonly die?: { readonly when: 'before' | 'after'; readonly transaction: number }
}

const task = JSON.parse(process.argv[2] ?? '{}') as ReaderTask
const store = await createPostgresStore({ url: task.target, service: 'mirror', maxConnections: 4 })
let transactions = 0

function dieNow(when: 'before' | 'after', transaction: number): void {
  if (task.die?.when === when && task.die.transaction === transaction) process.kill(process.pid, 'SIGKILL')
}

const mortal: Store = Object.create(store, {
  transact: {
    value: async <Result>(work: (tx: StoreTransaction) => Promise<Result>, options?: TransactOptions) => {
      transactions += 1
      const transaction = transactions
      const result = await store.transact(async (tx) => {
        const made = await work(tx)
        dieNow('before', transaction)
        return made
      }, options)
      dieNow('after', transaction)
      return result
    },
  },
})

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const source = createChangeSource({
  name: task.name,
  url: task.url,
  tables: ['customer'],
  into: mortal,
  system: 'test',
  service: 'mirror',
  toEvent: mirror,
  leaseMs: task.leaseMs,
  heartbeatMs: 200,
  batchEvents: task.batchEvents,
  log: say,
})
await source.start()
say(`started ${process.pid}`)
process.stdin.resume().on('end', () => process.exit(0))
