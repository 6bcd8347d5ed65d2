/** A service that mirrors whatever changes, and what its outbox then says: the rig of the engine tests. */
import { createPostgresStore, type PostgresStore } from '@banyan/postgres'
import { type ChangeSource, createChangeSource } from '../change-source.ts'
import type { ChangeSourceOptions } from '../options.ts'
import { ask, createDatabase, type Engine, eventually } from './engines.ts'
import { mirror } from './mirror-contract.ts'

export { mirror } from './mirror-contract.ts'

/** An event of the outbox. */
export interface Published {
  readonly id: string
  readonly key: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into changes of any shape
  readonly change: any
}

/** A source database, a service's database, and readers between them. */
export interface Rig {
  /** The database that is read. */
  readonly url: string
  readonly target: string
  readonly store: PostgresStore
  source(options?: Partial<ChangeSourceOptions>): ChangeSource
  /** What the outbox holds, in its order. */
  published(): Promise<readonly Published[]>
  /** The same as short texts: `insert customer/1`. */
  labels(): Promise<readonly string[]>
  close(): Promise<void>
}

/** Makes both databases; readers it made are stopped by `close`. */
export async function createRig(engine: Engine, name: string): Promise<Rig> {
  const url = await createDatabase(engine, 'source')
  const target = await createDatabase(engine, 'target')
  return joinRig(url, target, name)
}

/** A rig on databases that are there. */
export async function joinRig(url: string, target: string, name: string): Promise<Rig> {
  const store = await createPostgresStore({ url: target, service: 'mirror', maxConnections: 4 })
  await store.migrate([])
  const sources: ChangeSource[] = []
  const published = async (): Promise<readonly Published[]> => {
    const rows = await ask(target, 'SELECT event_id, envelope FROM banyan.outbox ORDER BY id')
    return rows.map((row) => {
      const envelope = JSON.parse(String(row['envelope']))
      return { id: String(row['event_id']), ...envelope.data }
    })
  }
  return {
    url,
    target,
    store,
    source(options = {}) {
      const source = createChangeSource({
        name,
        url,
        tables: ['customer'],
        into: store,
        system: 'test',
        service: 'mirror',
        toEvent: mirror,
        leaseMs: 3_000,
        heartbeatMs: 200,
        ...options,
      })
      sources.push(source)
      return source
    },
    published,
    labels: async () => (await published()).map(({ key, change }) => `${change.op} ${key}`),
    async close() {
      await Promise.all(sources.map((source) => source.stop()))
      await ask(url, 'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active').catch(() => {})
      await ask(
        url,
        `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
         WHERE database = current_database() AND NOT active`,
      ).catch(() => {})
      await store.close()
    },
  }
}

/** Starts a source and waits until it streams. */
export async function startStreaming(source: ChangeSource): Promise<void> {
  await source.start()
  await eventually(
    () => source.state,
    (state) => state === 'streaming',
  )
}
