// Sagas in the metrics and the status of a host: what runs, what is parked, what does not go on.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { command, defineContract, t } from '../contract/index.ts'
import { createVirtualEnvironment } from '../core/environment/virtual/index.ts'
import { BanyanError } from '../core/error.ts'
import { defineSaga } from '../saga/define-saga.ts'
import type { Saga } from '../saga/saga.ts'
import { defineDatabase } from '../store/define-database.ts'
import { toExposition } from '../telemetry/metrics/exposition.ts'
import { parseOpenMetrics, type ReadSample } from '../telemetry/metrics/fixtures/parse-openmetrics.ts'
import { startTestSystem, type TestSystem } from '../testing/index.ts'
import { defineService } from './define-service.ts'
import { defineSystem } from './define-system.ts'

const database = defineDatabase<Record<never, never>>({ migrations: new URL('./none/', import.meta.url) })
const Input = t.Object({ id: t.String(), how: t.String() })
const Orders = defineContract('orders', {
  version: '1.0.0',
  owner: 'x',
  operations: { begin: command({ input: Input, output: t.Object({}) }) },
  events: {},
})
const no = (): Promise<never> => Promise.reject(new BanyanError('FAILED_PRECONDITION', 'no', { reason: 'NO' }))
const saga = defineSaga('order', {
  version: 3,
  input: Input,
  key: ({ id }) => id,
  stuckMs: 60_000,
  async run(saga: Saga, { how }) {
    await saga.lock('order', 'one', { timeoutMs: 3_600_000 })
    await saga.step(
      'a',
      () => 1,
      () => (how === 'undo' ? no() : undefined),
      { undoRetry: { maxAttempts: 1 } },
    )
    if (how === 'undo') await saga.step('b', no)
    if (how === 'hang') await saga.step('c', () => new Promise<never>(() => {}), undefined, { timeoutMs: 3_600_000 })
    await saga.sleep(86_400_000)
  },
})
const orders = defineService(Orders, {
  database,
  sagas: [saga],
  operations: {
    begin: async (input, ctx) => {
      await ctx.sagas.start(saga as never, input as never)
      return {}
    },
  },
})

let test: TestSystem
beforeEach(async () => {
  const environment = createVirtualEnvironment({ seed: 7 })
  test = await startTestSystem(defineSystem({ name: 'test', services: [orders] }), {
    shape: 'one',
    environment,
  } as never)
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

it('tells how many runs stand where, what waits for a lock, and what it has cost', async () => {
  for (const id of ['1', '2']) await test.call(Orders.begin, { id, how: 'sleep' })
  await test.advance(2_000)
  const of = await read()
  expect(of('banyan_sagas', { service: 'orders', name: 'order', version: '3', state: 'running' })).toBe(2)
  expect(of('banyan_saga_locks', { service: 'orders' })).toBe(1)
  expect(of('banyan_saga_lock_waits')).toBe(1)
  expect(of('banyan_saga_overdue_seconds')).toBe(0)
  expect([of('banyan_sagas_parked'), of('banyan_sagas_stuck')]).toEqual([0, 0])
  expect(of('banyan_saga_writes')).toBeGreaterThan(0)
  expect(of('banyan_saga_commits')).toBeLessThanOrEqual(of('banyan_saga_writes') ?? 0)
  expect(of('banyan_saga_executor_state', { state: 'running' })).toBe(1)
})

it('tells what is parked because an undo failed', async () => {
  await test.call(Orders.begin, { id: '1', how: 'undo' })
  await test.advance(40_000)
  const of = await read()
  expect(of('banyan_sagas_parked', { service: 'orders' })).toBe(1)
  expect(of('banyan_sagas', { state: 'parked' })).toBe(1)
  expect([of('banyan_saga_parked'), of('banyan_saga_undo_failures')]).toEqual([1, 1])
  expect(test.hosts[0]?.status().sagas).toMatchObject([{ service: 'orders', parked: 1, oldest: [{ why: 'parked' }] }])
})

it('tells what does not go on', async () => {
  await test.call(Orders.begin, { id: '1', how: 'hang' })
  await test.advance(50_000)
  expect((await read())('banyan_sagas_stuck', { service: 'orders' })).toBe(0)
  await test.advance(60_000)
  expect((await read())('banyan_sagas_stuck', { service: 'orders' })).toBe(1)
})
