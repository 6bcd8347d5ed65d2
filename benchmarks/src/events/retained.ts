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
import { connect, type Databases } from './databases.ts'
import { accounts, type PipelineSample, toJob } from './pipeline.ts'

/**
 * The heap of the process that catches up. Left alone on a machine with much memory, V8 takes some hundred megabytes before it
 * collects garbage that it could have collected at any time; under a limit it must show what is really held.
 */
const heapLimit = '--max-old-space-size=64 --max-semi-space-size=4'
/** Of the full effort; a quick one only shows that it runs. */
const fullLevels = [10_000, 100_000, 1_000_000, 10_000_000]
const quickLevels = [1_000, 10_000]
/** As the log's own. */
const segmentEvents = 65_536
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

/** What differs between events of the template: no other part of it has these. */
const template = { id: '00000000-0000-7000-8000-000000000000', key: 'account-0', account: '"account":0,' }

/** An envelope as the producers make them, of the first job. */
function toTemplate(timeMs: number): string {
  const facts = { system: 'bench', service: 'bank', type: 'bank.booked.v1', timeMs }
  return toNewEvent({ ...facts, id: template.id, key: template.key, data: toJob(0) }).envelope
}

// As the bus appends: into the table of the open segment, the source's last offset with it.
const fillSegment = (segment: number): string => `
  WITH moved AS (
    UPDATE banyan.source SET last_offset = last_offset + $1::int WHERE name = 'bank' RETURNING last_offset - $1::int AS base
  )
  INSERT INTO banyan.event_${segment} (source, log_offset, event_id, type, key, envelope, appended_at)
  SELECT 'bank', base + n, id, 'bank.booked.v1', 'account-' || account, replace(replace(replace($2::text,
    '${template.id}', id::text), '${template.key}', 'account-' || account),
    '${template.account}', '"account":' || account || ','), banyan.now()
  FROM moved, LATERAL (
    SELECT n, uuidv7() AS id, (n * 7919) % ${accounts} AS account FROM generate_series(1, $1::int) AS n OFFSET 0) AS made`

/** Fills segment by segment, within the server: through the bus 10 000 000 events would take ten minutes. */
async function fillSegments(log: string, events: number, timeMs: number): Promise<void> {
  const sql = connect(log, 1)
  try {
    for (;;) {
      const [at] = await sql`
        SELECT s.segment::int AS id, s.last_offset::int AS last, (g.first_offset + ${segmentEvents} - 1)::int AS end
        FROM banyan.source s LEFT JOIN banyan.segment g ON g.id = s.segment WHERE s.name = 'bank'`
      if (at?.['last'] >= events) return
      const room = Math.min(events, at?.['end'] ?? 0) - at?.['last']
      if (room > 0) await sql.unsafe(fillSegment(at?.['id']), [room, toTemplate(timeMs)])
      else await sql`SELECT banyan.roll_segment('bank', ${at?.['id']})`
    }
  } finally {
    await sql.end()
  }
}

/** Fills the log of the source until it has so many events; nobody consumes meanwhile. Gives how many came. */
export async function fill({ own, log }: Pick<Places, 'own' | 'log'>, events: number): Promise<number> {
  const { random, clock } = realEnvironment()
  const store = await createPostgresStore({ url: own, service: 'bank' })
  await store.migrate([])
  const bus = await createPostgresBus({ url: log })
  const lease = await bus.lease('bank', `filler#${random.uuidv7()}`, 600_000)
  if (lease === undefined) throw new Error('a relay still has the lease')
  const cursor = lease.cursor ?? (await store.outbox.read(undefined, 1)).cursor
  const before = await bus.end('bank')
  await bus.append(lease, [], cursor)
  await fillSegments(log, events, clock.now())
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
