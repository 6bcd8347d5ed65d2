/**
 * Runs the guide's service in a host of its own on Postgres, store and log, and answers calls over the pipe to the test; ends
 * with that pipe. Where the databases are is JSON in the environment.
 */
import { createPostgresBus, createPostgresStore } from '@banyan/postgres'
import { isBanyanError, realEnvironment } from 'banyan/core'
import { createHost, defineSystem, type Service } from 'banyan/runtime'
import { silentLog } from 'banyan/telemetry'

/** What the process is told. */
export interface GuideTask {
  readonly store: string
  readonly bus: string
  /** The migration that the guide shows. */
  readonly migration: string
}

/** An answer, or why there is none. */
export interface GuideAnswer {
  readonly output?: unknown
  readonly reason?: string | undefined
}

/** Starts the service. */
export async function runGuide(service: Service): Promise<void> {
  const { store: url, bus: busUrl, migration } = JSON.parse(process.env['BANYAN_TEST_TASK'] ?? '{}') as GuideTask
  const environment = realEnvironment()
  const store = await createPostgresStore({ url, service: service.contract.name, maxConnections: 4 })
  await store.migrate([{ name: '001-customer', checksum: 'guide', up: migration }])
  const bus = await createPostgresBus({ url: busUrl })
  const host = createHost({
    system: defineSystem({ name: 'shop', services: [service] }),
    environment,
    incarnation: `host-1#${environment.random.uuidv7()}`,
    openStore: async () => store,
    bus,
    log: silentLog,
  })
  await host.start()
  const operations = service.contract.operations as Readonly<Record<string, never>>
  process.on('message', ({ operation, input }: { operation: string; input: never }) => {
    host.invoke(operations[operation] as never, input, { caller: 'test' }).then(
      (output) => process.send?.({ output } satisfies GuideAnswer),
      (error) => process.send?.({ reason: isBanyanError(error) ? error.reason : String(error) } satisfies GuideAnswer),
    )
  })
  process.once('SIGTERM', async () => {
    await host.stop({ drainMs: 5_000 })
    await bus.close()
    process.exit(0)
  })
  process.on('disconnect', () => process.exit(1))
}
