/** What the length of the log does: catching up on a backlog in bounded memory, and the cost of an event on top of what is retained. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createPostgresBus, createPostgresStore } from '@banyan/postgres'
import { toNewEvent } from 'banyan/bus'
import { realEnvironment } from 'banyan/core'
import { type Peer, startPeer } from '../measure/peer.ts'
import { CpuMeter } from '../measure/process-cpu.ts'
import type { Effort, Verdict } from '../measure/section.ts'
import { median } from '../measure/statistics.ts'
import { toTable, toText } from '../measure/table.ts'
import type { Databases } from './databases.ts'
import { type PipelineSample, toJob } from './pipeline.ts'

/**
 * The heap of the process that catches up. Left alone on a machine with much memory, V8 takes some hundred megabytes before it
 * collects garbage that it could have collected at any time; under a limit it must show what is really held.
 */
const heapLimit = '--max-old-space-size=64 --max-semi-space-size=4'
/** Of the full effort; a quick one only shows that it runs. */
const fullLevels = [10_000, 100_000, 1_000_000]
const quickLevels = [1_000, 10_000]
const page = 1_000
const catchUpMs = 1_800_000

interface Level {
  readonly events: number
  readonly catchUpPerSecond: number
  readonly maxRssMb: number
  readonly costUs: number
  readonly perSecond: number
}

interface Places {
  readonly own: string
  readonly log: string
  readonly other: string
}

/** Appends until the log of the source has so many events; nobody consumes meanwhile. */
export async function fill({ own, log }: Pick<Places, 'own' | 'log'>, events: number): Promise<number> {
  const { random, clock } = realEnvironment()
  const store = await createPostgresStore({ url: own, service: 'bank' })
  await store.migrate([])
  const bus = await createPostgresBus({ url: log })
  const lease = await bus.lease('bank', `filler#${random.uuidv7()}`, 600_000)
  if (lease === undefined) throw new Error('a relay still has the lease')
  const cursor = lease.cursor ?? (await store.outbox.read(undefined, 1)).cursor
  const before = await bus.end('bank')
  for (let done = before; done < events; done += page) {
    const some = Array.from({ length: Math.min(page, events - done) }, (_, index) => {
      const job = toJob(done + index)
      const facts = {
        id: random.uuidv7(),
        system: 'bench',
        service: 'bank',
        type: 'bank.booked.v1',
        timeMs: clock.now(),
      }
      return toNewEvent({ ...facts, key: `account-${job.account}`, data: job })
    })
    await bus.append(lease, some, cursor)
  }
  await bus.release(lease)
  await Promise.all([bus.close(), store.close(500)])
  return events - before
}

async function catchUp(peer: Peer, backlog: number): Promise<number> {
  const startMs = performance.now()
  while ((await peer.ask<number>('done')) < backlog) {
    if (performance.now() - startMs > catchUpMs) throw new Error('the consumer did not catch up')
    await sleep(20)
  }
  return backlog / ((performance.now() - startMs) / 1_000)
}

async function measureLevel(databases: Databases, places: Places, events: number, effort: Effort): Promise<Level> {
  const backlog = await fill(places, events)
  const args = [places.own, places.log, places.other, '500']
  const peer = await startPeer(new URL('./pipeline-banyan.ts', import.meta.url), {
    args,
    env: { NODE_OPTIONS: heapLimit },
  })
  try {
    const catchUpPerSecond = await catchUp(peer, backlog)
    const maxRssMb = await peer.ask<number>('maxRssMb')
    await peer.ask('run', effort.warmUpMs)
    const costs: number[] = []
    const rates: number[] = []
    for (let round = 0; round < effort.rounds; round += 1) {
      const meter = new CpuMeter(() => [peer.pid, ...databases.pids()])
      meter.start()
      const { done, perSecond } = await peer.ask<PipelineSample>('run', effort.measureMs * 5)
      costs.push(meter.total() / 1_000 / done)
      rates.push(perSecond)
    }
    return { events, catchUpPerSecond, maxRssMb, costUs: median(costs), perSecond: median(rates) }
  } finally {
    await peer.stop()
  }
}

/** Measures; the last level is about the memory, the first and the last about the cost. */
export async function retained(
  databases: Databases,
  effort: Effort,
  say: (line: string) => void,
): Promise<{ readonly table: string; readonly verdicts: readonly Verdict[] }> {
  const [own, log, other] = [
    await databases.create('retained_own'),
    await databases.create('retained_log'),
    await databases.create('retained_other'),
  ]
  const levels: Level[] = []
  for (const events of effort.generations > 1 ? fullLevels : quickLevels) {
    say(`retained, ${events} events`)
    levels.push(await measureLevel(databases, { own, log, other }, events, effort))
  }
  const [first, last] = [levels[0] as Level, levels.at(-1) as Level]
  const head = [
    'events retained',
    'caught up per s',
    'highest memory MB',
    'then: CPU of all, µs per event',
    'jobs per s',
  ]
  const rows = levels.map(({ events, catchUpPerSecond, maxRssMb, costUs, perSecond }) => [
    toText(events),
    ...[catchUpPerSecond, maxRssMb, costUs, perSecond].map(toText),
  ])
  return {
    table: toTable(head, rows),
    verdicts: [
      {
        claim: `memory of a consumer that caught up ${toText(last.events)} events, MB`,
        measured: last.maxRssMb,
        atMost: 200,
      },
      {
        claim: `CPU per event over ${toText(last.events)} retained events, of that over ${toText(first.events)}`,
        measured: last.costUs / first.costUs,
        atMost: 1.25,
      },
    ],
  }
}
