/**
 * A consumer: writes the effect of every event in its delivery's transaction. Any number run for one group, one of them works, and
 * the others take over. Some deliveries fail and are tried again, some are slow.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createConsumer, fromEnvelope } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import type { StoreTransaction } from 'banyan/store'
import { obey, openBus, openStore, readGiven, say } from './actor-process.ts'
import { consuming, eventType, leaseMs, producing } from './scene.ts'

const given = readGiven()
const environment = realEnvironment()
const { random } = environment
const store = await openStore(given, consuming)
const bus = await openBus(given)

let applied = 0

async function record(tx: StoreTransaction, eventId: string, envelope: string): Promise<void> {
  const { key, counter } = fromEnvelope(envelope).data as { key: string; counter: number }
  await tx.sql`
    INSERT INTO effect (key, counter, event_id, after)
    SELECT ${key}, ${counter}::int, ${eventId}::uuid, coalesce(max(counter), 0) FROM effect WHERE key = ${key}`
  const fate = random.next()
  if (fate < 0.01) throw new Error('a handler that fails now and then')
  if (fate < 0.03) await sleep(random.next() * 100)
}

const naive = given.naive === 'mark' ? await import('banyan/testing') : undefined
const consumer = createConsumer({
  environment,
  group: consuming,
  source: producing,
  inbox: store.inbox,
  bus,
  holder: `${given.name}#${random.uuidv7()}`,
  subscriptions: new Set([eventType]),
  leaseMs,
  handlerTimeoutMs: 5_000,
  retry: { maxAttempts: 20, maxOutageAttempts: 1_000, maxMs: 1_000 },
  handle: async (event, _attempt, delivery, signal) => {
    const effect = (tx: StoreTransaction): Promise<void> => record(tx, event.id, event.envelope)
    if (naive === undefined) await store.transact(effect, { delivery, signal })
    else await naive.deliverNaively(store, delivery, effect, () => sleep(20))
    applied += 1
  },
})
consumer.start()
setInterval(() => {
  if (applied > 0) say({ say: 'applied' })
  applied = 0
}, 100)
obey({
  'be quiet': async () => say({ say: 'quiet' }),
  stop: async () => {
    await consumer.stop({ withinMs: 5_000 })
    await Promise.all([store.close(2_000), bus.close()])
  },
})
say({ say: 'ready' })
