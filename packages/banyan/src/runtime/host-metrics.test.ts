// What a host tells Prometheus, read by a strict reader of the format.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { command, defineContract, event, t } from '../contract/index.ts'
import { createVirtualEnvironment } from '../core/environment/virtual/index.ts'
import { defineDatabase } from '../store/define-database.ts'
import { toExposition } from '../telemetry/metrics/exposition.ts'
import { parseOpenMetrics, type ReadSample } from '../telemetry/metrics/fixtures/parse-openmetrics.ts'
import { startTestSystem, type TestSystem } from '../testing/index.ts'
import { answerMetrics } from './answer-metrics.ts'
import { defineService } from './define-service.ts'
import { defineSystem } from './define-system.ts'
import { createPart, partFreshMs, partShare, partStaleMs, partWithinMs } from './metrics-part.ts'

const database = defineDatabase<Record<never, never>>({ migrations: new URL('./none/', import.meta.url) })
const Pings = defineContract('pings', {
  version: '1.0.0',
  owner: 'x',
  operations: { ping: command({ input: t.Object({ id: t.String() }), output: t.Object({}) }) },
  events: { pinged: event({ key: 'id', data: t.Object({ id: t.String() }) }) },
})
const Ears = defineContract('ears', { version: '1.0.0', owner: 'x', operations: {}, events: {} })
const pings = defineService(Pings, {
  database,
  operations: {
    ping: ({ id }, ctx) =>
      ctx.transact(async (tx) => {
        if (id === 'broken') throw new Error('broken')
        tx.publish(Pings.events.pinged, { id })
        tx.publish(Pings.events.pinged, { id: `${id}-later` }, { afterMs: 3_600_000 })
        return {}
      }),
  },
  schedules: [{ name: 'tidy', everyMs: 60_000, run: () => undefined }],
})
const ears = defineService(Ears, {
  database,
  operations: {},
  on: (on) => [
    on(
      Pings.events.pinged,
      async ({ data }) => {
        if (data.id === 'poison') throw new Error('poison')
      },
      { maxAttempts: 2 },
    ),
  ],
})

describe('metrics of a host', () => {
  let test: TestSystem
  beforeEach(async () => {
    test = await startTestSystem(defineSystem({ name: 'test', services: [pings, ears] }), { shape: 'one' })
  })
  afterEach(() => test.stop())

  async function read(): Promise<(family: string, labels?: Readonly<Record<string, string>>) => number | undefined> {
    const host = test.hosts[0] as TestSystem['hosts'][number]
    const families = parseOpenMetrics(toExposition(await test.environment.run(host.metrics()), 'openmetrics'))
    return (family, labels = {}) => {
      const fits = (sample: ReadSample): boolean =>
        Object.entries(labels).every(([name, value]) => sample.labels[name] === value)
      return families.get(family)?.samples.find(fits)?.value
    }
  }

  it('tell how events get from one service to the other, and what stays on the way', async () => {
    for (const id of ['a', 'b', 'poison']) await test.call(Pings.ping, { id })
    await test.call(Pings.ping, { id: 'broken' }).catch(() => undefined)
    await test.advance(180_000)
    const of = await read()
    const source = { source: 'pings' }
    expect(of('banyan_host_ready')).toBe(1)
    expect(of('banyan_host_state', { state: 'ready' })).toBe(1)
    expect(of('banyan_host_state', { state: 'draining' })).toBe(0)
    expect(of('banyan_calls', { operation: 'ping', outcome: 'succeeded' })).toBe(3)
    expect(of('banyan_calls', { operation: 'ping', outcome: 'failed' })).toBe(1)
    expect(of('banyan_calls_in_flight', { operation: 'ping' })).toBe(0)
    expect(of('banyan_relay_state', { ...source, state: 'leading' })).toBe(1)
    expect(of('banyan_relay_epoch', source)).toBe(1)
    expect(of('banyan_relay_appended_events', source)).toBe(3)
    expect(of('banyan_outbox_events', source)).toBe(0)
    expect(of('banyan_outbox_oldest_age_seconds', source)).toBe(0)
    expect(of('banyan_outbox_size_bytes', source)).toBeGreaterThanOrEqual(0)
    expect([of('banyan_log_start_offset', source), of('banyan_log_end_offset', source)]).toEqual([1, 3])
    const group = { group: 'ears', ...source }
    expect(of('banyan_consumer_lag_events', group)).toBe(0)
    expect(of('banyan_consumer_low_water_offset', group)).toBe(3)
    expect(of('banyan_consumer_failed_attempts', group)).toBe(2)
    expect(of('banyan_parked_keys', { service: 'ears', ...group })).toBe(1)
    expect(of('banyan_parked_events', { service: 'ears', ...group })).toBe(1)
    expect(of('banyan_scheduled_events', { service: 'pings' })).toBe(3)
    expect(of('banyan_scheduled_overdue_seconds', { service: 'pings' })).toBe(0)
    expect(of('banyan_schedule_runs', { schedule: 'tidy', outcome: 'succeeded' })).toBe(3)
    expect(of('banyan_schedule_failing', { schedule: 'tidy' })).toBe(0)
    // The books of schedules are kept like those of groups, but they are no readers of a log.
    expect(of('banyan_parked_keys', { source: '@clock' })).toBeUndefined()
  })

  it('tell what audits found, that they ran, and how long ago', async () => {
    await test.call(Pings.ping, { id: 'a' })
    expect((await read())('banyan_audit_findings', { source: 'pings' })).toBeUndefined()
    await test.advance(300_000)
    const of = await read()
    for (const kind of ['missing', 'duplicated', 'inverted'])
      expect(of('banyan_audit_findings', { source: 'pings', group: '', kind })).toBe(0)
    expect(of('banyan_audit_findings', { source: 'pings', group: 'ears', kind: 'unmarked' })).toBe(0)
    expect(of('banyan_audit_ok', { source: 'pings', group: '' })).toBe(1)
    expect(of('banyan_audit_age_seconds', { source: 'pings', group: '' })).toBeLessThan(120)
    expect(of('banyan_audit_faulty', { source: 'pings', group: '' })).toBe(0)
  })

  it('tell what is missing when a database does not answer, and do not wait for it', async () => {
    const store = test.stores.get('pings') as { outbox: { extent: unknown }; inbox: { groups: unknown } }
    store.outbox.extent = () => new Promise(() => undefined)
    store.inbox.groups = () => Promise.reject(new Error('away'))
    const beforeMs = test.environment.clock.monotonic()
    const of = await read()
    expect(test.environment.clock.monotonic() - beforeMs).toBeLessThanOrEqual(partWithinMs + 20)
    expect(of('banyan_metrics_answered', { part: 'outbox of pings' })).toBe(0)
    expect(of('banyan_metrics_answered', { part: 'groups of pings' })).toBe(0)
    expect(of('banyan_metrics_answered', { part: 'groups of ears' })).toBe(1)
    expect(of('banyan_outbox_events', { source: 'pings' })).toBeUndefined()
    expect(of('banyan_host_ready')).toBe(1)
  })

  it('have what the instruments of the host have counted', async () => {
    const { meter } = test.hosts[0] as TestSystem['hosts'][number]
    meter.counter({ name: 'shop_orders_total', help: 'Orders.' }).of().add(7)
    expect((await read())('shop_orders')).toBe(7)
  })

  it('are of the host that is asked: one without services has its own state and nothing else', async () => {
    const split = await startTestSystem(defineSystem({ name: 'test', services: [pings, ears] }), { shape: 'split' })
    const edge = split.hosts.at(-1) as TestSystem['hosts'][number]
    const families = parseOpenMetrics(toExposition(await split.environment.run(edge.metrics()), 'openmetrics'))
    expect([...families.keys()]).toEqual(['banyan_host_ready', 'banyan_host_state'])
    await split.stop()
  })

  it('are answered in the format that is asked for, and kept by nobody', async () => {
    const host = test.hosts[0] as TestSystem['hosts'][number]
    const families = await test.environment.run(host.metrics())
    const old = answerMetrics(families, undefined)
    expect(old).toMatchObject({ status: 200, headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } })
    expect(old.body).toContain('# TYPE banyan_calls_total counter')
    const { headers, body } = answerMetrics(families, 'application/openmetrics-text')
    expect(headers).toMatchObject({ 'cache-control': 'no-store', vary: 'accept' })
    expect(() => parseOpenMetrics(String(body))).not.toThrow()
  })
})

describe('a part that is asked for', () => {
  it('is asked once however many ask, and never twice at a time', async () => {
    const environment = createVirtualEnvironment()
    let asked = 0
    const open: PromiseWithResolvers<number>[] = []
    const part = createPart(environment, () => {
      asked += 1
      const next = Promise.withResolvers<number>()
      open.push(next)
      return next.promise
    })
    const beganMs = environment.clock.monotonic()
    expect(await environment.run(Promise.all([part(), part()]))).toEqual([undefined, undefined])
    await environment.advance(10 * partFreshMs)
    expect(await environment.run(part())).toBeUndefined()
    expect(asked).toBe(1)
    open[0]?.resolve(7)
    expect(await environment.run(part())).toBe(7)
    // It took long, so it is asked again later.
    await environment.advance(beganMs + partStaleMs - environment.clock.monotonic() - 100)
    expect(await environment.run(part())).toBe(7)
    await environment.advance(200)
    const next = part()
    open[1]?.resolve(8)
    expect(await environment.run(next)).toBe(8)
    expect(await environment.run(part())).toBe(8)
    expect(asked).toBe(2)
    await environment.advance(partFreshMs + 20)
    void part()
    expect(asked).toBe(3)
  })

  it('is asked for no more than its share of the time', async () => {
    const environment = createVirtualEnvironment()
    let asked = 0
    const part = createPart(environment, async () => {
      asked += 1
      await new Promise<void>((resolve) => void environment.timers.after(100, resolve))
      return asked
    })
    for (let second = 0; second < 60; second++) {
      await environment.run(part())
      await environment.advance(1_000)
    }
    expect((asked * 100) / 66_000).toBeLessThanOrEqual(partShare)
    expect(asked).toBeGreaterThan(5)
  })
})
