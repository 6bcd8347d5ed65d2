/** Late flows: counted over all running instances, however many, and each said once. */
import { beforeEach, expect, it } from 'vitest'
import { createVirtualEnvironment, type VirtualEnvironment } from '../core/environment/virtual/index.ts'
import { createMemoryStore } from '../store/memory/memory-store.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import { FlowWatch } from './flow-watch.ts'
import type { SagaShape } from './shape.ts'

let environment: VirtualEnvironment
let store: Store
let said: (Readonly<Record<string, unknown>> | undefined)[]
let watch: FlowWatch
const quiet = (): void => undefined
const log: Log = {
  debug: quiet,
  info: quiet,
  error: quiet,
  warn: (_, fields) => void said.push(fields),
  child: () => log,
}
const shape = (name: string, more: object = {}): SagaShape => ({ name, version: 1, ...more }) as never
const flow = { starts: 'a.b.v1', expects: [] }
const since = '1970-01-01T00:00:05.000Z'
const late = `wait late since ${since}: payments.authorized, expected within 5 s`

beforeEach(() => {
  environment = createVirtualEnvironment()
  store = createMemoryStore({ environment, service: 'orders' })
  said = []
  const shapes = [shape('checkout-flow', { flow }), shape('checkout')]
  watch = new FlowWatch({ service: 'orders', sagas: store.sagas, shapes, log })
})

async function start(count: number, waits: string, name = 'checkout-flow'): Promise<readonly string[]> {
  await store.sagas.beat('h#1', 10_000, new Map())
  const runs = Array.from({ length: count }, () => {
    const id = environment.random.uuidv7()
    const more = { run: 1, input: '{}', priority: 'normal', timeoutMs: undefined, correlations: [] } as const
    const unknown = { parent: undefined, traceparent: undefined, startedBy: 'event e' }
    return { id, name, version: 1, key: id, ...more, ...unknown }
  })
  await store.sagas.start(runs, 'h#1')
  await letGo(
    runs.map(({ id }) => id),
    waits,
  )
  return runs.map(({ id }) => id)
}

async function letGo(ids: readonly string[], waits: string): Promise<void> {
  const change = { to: 'wait', dueMs: undefined, mail: 0, note: JSON.stringify({ waits: [waits] }) } as const
  await store.sagas.write(ids.map((id) => ({ id, epoch: 1, holder: 'h#1', entries: [], change })))
}

it('counts what is late and says each once, with what is missing', async () => {
  const [id] = await start(1, late)
  await start(2, 'wait payments.authorized, expected within 5 s')
  await start(1, late, 'checkout')
  expect(await watch.look(65_000)).toEqual([{ flow: 'checkout-flow', late: 1 }])
  await watch.look(95_000)
  const missing = 'payments.authorized, expected within 5 s'
  expect(said).toEqual([
    { service: 'orders', flow: 'checkout-flow', key: id, id, missing, seconds: 60, look: `banyan saga show ${id}` },
  ])
})

it('forgets what has ended', async () => {
  const [id] = (await start(1, late)) as [string]
  expect(await watch.look(65_000)).toEqual([{ flow: 'checkout-flow', late: 1 }])
  await store.sagas.mend(id, 0, [], 'completed')
  expect(await watch.look(65_000)).toEqual([{ flow: 'checkout-flow', late: 0 }])
})

it('goes through many in several looks, and says a bounded number at a time', async () => {
  for (let turn = 0; turn < 6; turn++) await start(1_000, turn === 0 ? late : 'wait the end')
  expect(await watch.look(65_000)).toEqual([{ flow: 'checkout-flow', late: 0 }])
  expect(said).toHaveLength(0)
  expect(await watch.look(65_000)).toEqual([{ flow: 'checkout-flow', late: 1_000 }])
  expect(said).toHaveLength(100)
  await watch.look(65_000)
  await watch.look(65_000)
  expect(said).toHaveLength(200)
  expect(new Set(said.map((one) => one?.['id'])).size).toBe(200)
})
