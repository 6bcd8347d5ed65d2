/** How long it takes from before a transaction to after the commit of its event's effect in another process, at 100 events a second. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Peer, startPeer } from '../measure/peer.ts'
import type { Effort, Verdict } from '../measure/section.ts'
import { median, percentile } from '../measure/statistics.ts'
import { toTable, toText } from '../measure/table.ts'
import type { Databases } from './databases.ts'

const rates = [10, 100, 400]
const asked = 100
const floor = 'its transaction alone'
/** Beside the other measurements: a 99th percentile wants some hundreds of events. */
const lengthFactor = 20
const drainMs = 10_000

async function measure(producer: Peer, consumer: Peer, perSecond: number, ms: number): Promise<readonly number[]> {
  await consumer.ask('take')
  const sent = await producer.ask<number>('load', { perSecond, ms })
  const endMs = performance.now() + drainMs
  while ((await consumer.ask<number>('seen')) < sent && performance.now() < endMs) await sleep(10)
  const latencies = await consumer.ask<number[]>('take')
  if (latencies.length !== sent) throw new Error(`${sent} events were sent and ${latencies.length} arrived`)
  return latencies
}

interface Pair {
  readonly name: string
  readonly producer: Peer
  readonly consumer: Peer
}

async function startPair(databases: Databases, name: string, files: readonly [string, string]): Promise<Pair> {
  const place = `latency_${name.replaceAll(/\W/g, '_').toLowerCase()}`
  const [own, log, other] = [
    await databases.create(`${place}_own`),
    await databases.create(`${place}_log`),
    await databases.create(`${place}_other`),
  ]
  const producer = await startPeer(new URL(files[0], import.meta.url), { args: [own, log] })
  const consumer = await startPeer(new URL(files[1], import.meta.url), { args: [other, log] })
  return { name, producer, consumer }
}

/** Measures, in turns with the same by hand and with the transaction alone; the p99 is the median of those of the rounds. */
export async function latency(
  databases: Databases,
  effort: Effort,
  say: (line: string) => void,
): Promise<{ readonly table: string; readonly verdicts: readonly Verdict[] }> {
  const ms = effort.measureMs * lengthFactor
  const pairs = [
    await startPair(databases, 'Banyan', ['./latency-producer.ts', './latency-consumer.ts']),
    await startPair(databases, 'by hand', ['./latency-producer-hand.ts', './latency-consumer-hand.ts']),
  ]
  const alone = await startPeer(new URL('./latency-transaction.ts', import.meta.url), {
    args: [await databases.create('latency_alone')],
  })
  try {
    say('latency')
    await alone.ask('load', { perSecond: 400, ms: effort.warmUpMs * 2 })
    for (const { producer, consumer } of pairs) await measure(producer, consumer, 400, effort.warmUpMs * 2)
    const found = new Map<string, (readonly number[])[]>()
    const add = (name: string, rate: number, latencies: readonly number[]): unknown =>
      found.set(`${name} ${rate}`, [...(found.get(`${name} ${rate}`) ?? []), latencies])
    for (let round = 0; round < effort.rounds; round += 1)
      for (const rate of rates) {
        for (const { name, producer, consumer } of pairs) add(name, rate, await measure(producer, consumer, rate, ms))
        add(floor, rate, await alone.ask<number[]>('load', { perSecond: rate, ms }))
      }
    const at = (name: string, rate: number, share: number): number =>
      median((found.get(`${name} ${rate}`) ?? []).map((latencies) => percentile(latencies, share)))
    const rows = rates.flatMap((rate) =>
      [...pairs.map(({ name }) => name), floor].map((name) => [
        `${rate} events a second, ${name}`,
        ...[0.5, 0.9, 0.99, 1].map((share) => toText(at(name, rate, share))),
      ]),
    )
    return {
      table: toTable(['begin to effect in another process', 'p50 ms', 'p90 ms', 'p99 ms', 'highest ms'], rows),
      verdicts: [
        { claim: 'p99 end to end at 100 events a second, ms', measured: at('Banyan', asked, 0.99), atMost: 15 },
      ],
    }
  } finally {
    await Promise.all(
      [...pairs.flatMap(({ producer, consumer }) => [producer, consumer]), alone].map((one) => one.stop()),
    )
  }
}
