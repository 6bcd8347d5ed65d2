/**
 * A producer: transactions that count a key up, write the entry and publish it. Some roll back after publishing, some stay open for a
 * while, some take several keys. It relays its service's outbox as well, as every host of a service does.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createRelay, toNewEvent } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import type { StoreTransaction } from 'banyan/store'
import { obey, openBus, openStore, readGiven, say } from './actor-process.ts'
import { eventType, leaseMs, producing } from './scene.ts'

const given = readGiven()
const environment = realEnvironment()
const { random, clock } = environment
const store = await openStore(given, producing)
const bus = await openBus(given)
// Loaded only where it is asked for: a process that starts fast is killed more often.
const naive = given.naive === 'reader' ? await import('banyan/testing') : undefined
const relay = createRelay({
  environment,
  source: producing,
  outbox: naive?.createNaiveOutbox({ store, reading: 'serial id' }) ?? store.outbox,
  bus,
  holder: `${given.name}#${random.uuidv7()}`,
  leaseMs,
  trimEvery: 200,
  ...(naive === undefined ? {} : { idlePollMs: 5 }),
})
/** Transactions at a time. */
const workers = 12
const reportMs = 200
const acknowledged = new Map<string, number>()
let active = given.rate > 0

const rolledBack = new Error('rolled back on purpose')

async function count(tx: StoreTransaction, key: string): Promise<readonly [string, number]> {
  const [row] = await tx.sql<{ counter: number }>`
    INSERT INTO account AS a (key, counter) VALUES (${key}, 1)
    ON CONFLICT (key) DO UPDATE SET counter = a.counter + 1 RETURNING counter`
  const counter = row?.counter ?? 0
  const id = random.uuidv7()
  await tx.sql`INSERT INTO entry (event_id, key, counter) VALUES (${id}, ${key}, ${counter})`
  const facts = { id, system: 'chaos', service: producing, type: eventType, key, timeMs: clock.now() }
  const event = toNewEvent({ ...facts, data: { key, counter } })
  if (naive === undefined) tx.publish(event)
  else await naive.publishNaively(tx, event)
  return [key, counter]
}

/** One or several keys, in an order of their own so that a deadlock is the exception. */
function chooseKeys(): readonly string[] {
  const wanted = random.next() < 0.2 ? 3 : 1
  const keys = Array.from({ length: wanted }, () => `key-${Math.floor(random.next() * given.keys)}`)
  const unique = [...new Set(keys)]
  return random.next() < 0.02 ? unique : unique.toSorted()
}

async function once(): Promise<void> {
  const keys = chooseKeys()
  const counted = await store.transact(async (tx) => {
    const done: (readonly [string, number])[] = []
    for (const key of keys) done.push(await count(tx, key))
    const fate = random.next()
    if (fate < 0.05) throw rolledBack
    if (fate < 0.1) await sleep(random.next() * 300)
    return done
  })
  for (const [key, counter] of counted) acknowledged.set(key, Math.max(counter, acknowledged.get(key) ?? 0))
}

async function work(): Promise<void> {
  const pauseMs = (workers * 1_000) / given.rate
  while (active) {
    const beganMs = performance.now()
    // What fails is decided by the databases' rows, not by what a producer believes: it goes on.
    await once().catch((error: unknown) => (error === rolledBack ? undefined : sleep(50)))
    const restMs = pauseMs * 2 * random.next() - (performance.now() - beganMs)
    if (restMs > 0) await sleep(restMs)
  }
}

function report(): void {
  if (acknowledged.size > 0) say({ say: 'acknowledged', counters: [...acknowledged] })
  acknowledged.clear()
}

relay.start()
const working = given.rate > 0 ? Array.from({ length: workers }, work) : []
const reporting = setInterval(report, reportMs)
obey({
  'be quiet': async () => {
    active = false
    await Promise.all(working)
    report()
    say({ say: 'quiet' })
  },
  stop: async () => {
    active = false
    clearInterval(reporting)
    await Promise.all(working)
    await relay.stop()
    await Promise.all([store.close(2_000), bus.close()])
  },
})
say({ say: 'ready' })
