/** What producers and consumers have in common: their orders, their messages, and that they never outlive the rig. */
import { createPostgresBus, createPostgresStore, type PostgresStore } from '@banyan/postgres'
import type { Bus } from 'banyan/bus'
import { type ActorGiven, type ActorMessage, type ActorOrder, idleInTransactionMs } from './scene.ts'

/** The first argument. */
export const readGiven = (): ActorGiven => JSON.parse(process.argv[2] ?? '{}') as ActorGiven

/** Tells the rig; lost when the rig is gone. */
export function say(message: ActorMessage): void {
  if (process.connected) process.send?.(message, () => undefined)
}

/** Ends the process when the rig does, and hands its orders on. */
export function obey(orders: Readonly<Record<ActorOrder, () => Promise<void>>>): void {
  process.on('disconnect', () => process.exit(0))
  process.on('message', (order: ActorOrder) => {
    void orders[order]().then(
      () => order === 'stop' && process.exit(0),
      (error) => {
        process.stderr.write(`chaos: ${order}: ${(error as Error).stack}\n`)
        process.exit(1)
      },
    )
  })
}

/** The service's own database. */
export function openStore({ storeUrl }: ActorGiven, service: string): Promise<PostgresStore> {
  return createPostgresStore({
    url: storeUrl,
    service,
    maxConnections: 10,
    idleInTransactionMs,
    acquireTimeoutMs: 3_000,
    statementTimeoutMs: 10_000,
  })
}

/** The log. */
export async function openBus({ bus }: ActorGiven): Promise<Bus> {
  if (bus.kind === 'postgres') return createPostgresBus({ url: bus.url, statementTimeoutMs: 10_000 })
  const { createNatsBus } = await import('@banyan/nats')
  return createNatsBus({ url: bus.url, system: 'chaos', requestTimeoutMs: 2_000 })
}
