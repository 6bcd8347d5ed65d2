/**
 * Runs one service in a host of its own on Postgres, store and log, until standard input ends; for tests that run the guide's
 * program and kill it. Its task is JSON in the environment. It ends itself with SIGKILL before or after the commit of the n-th
 * transaction of a bridge, when told to: before or after, that is, with nothing being tidied up.
 */
import { createPostgresBus, createPostgresStore } from '@banyan/postgres'
import { realEnvironment } from 'banyan/core'
import { createHost, defineSystem, type Service } from 'banyan/runtime'
import type { DeliveryMark, Store, StoreTransaction, TransactOptions } from 'banyan/store'
import { createLog } from 'banyan/telemetry'

/** What the process is told. */
export interface ServiceTask {
  readonly store: string
  readonly bus: string
  /** Of the host; the next run of an instance takes leases over at once. */
  readonly instance: string
  readonly die?: { readonly bridge: string; readonly when: 'before' | 'after'; readonly transaction: number }
}

/** Starts the service; prints `ready`. */
export async function runService(service: Service): Promise<void> {
  const task = JSON.parse(process.env['BANYAN_TEST_TASK'] ?? '{}') as ServiceTask
  const environment = realEnvironment()
  const store = await createPostgresStore({ url: task.store, service: service.contract.name, maxConnections: 4 })
  await store.migrate([])
  const bus = await createPostgresBus({ url: task.bus })
  const host = createHost({
    system: defineSystem({ name: 'shop', services: [service] }),
    environment,
    incarnation: `${task.instance}#${environment.random.uuidv7()}`,
    openStore: async () => mortal(store, task.die),
    bus,
    log: createLog({ write: (line) => process.stdout.write(`${line}\n`), now: () => 0 }),
  })
  await host.start()
  process.stdout.write('ready\n')
  process.stdin.resume().on('end', async () => {
    await host.stop({ drainMs: 5_000 })
    await bus.close()
    process.exit(0)
  })
}

function mortal(store: Store, die: ServiceTask['die']): Store {
  let transactions = 0
  const end = (when: 'before' | 'after', counted: boolean): void => {
    if (counted && die?.when === when && die.transaction <= transactions) process.kill(process.pid, 'SIGKILL')
  }
  return Object.create(store, {
    transact: {
      value: async <Result>(work: (tx: StoreTransaction) => Promise<Result>, options: TransactOptions = {}) => {
        const [mark] = [options.delivery].flat() as readonly (DeliveryMark | undefined)[]
        const counted = die !== undefined && mark?.group === `bridge:${die.bridge}`
        if (counted) transactions += 1
        const result = await store.transact(async (tx) => {
          const made = await work(tx)
          end('before', counted)
          return made
        }, options)
        end('after', counted)
        return result
      },
    },
  })
}
