/**
 * Our host in these benchmarks: sagas of three steps that are run for a while, and sagas that sleep for an hour and do one step then.
 */
import { createPostgresStore } from '@banyan/postgres'
import {
  command,
  createHost,
  defineContract,
  defineDatabase,
  defineSaga,
  defineService,
  defineSystem,
  service,
  t,
} from 'banyan'
import { realEnvironment } from 'banyan/core'
import type { Store } from 'banyan/store'
import { silentLog } from 'banyan/telemetry'
import type { Load } from '../measure/closed-loop.ts'
import { loadSagas, type SagaLoad, stepValues } from './saga-load.ts'

const starters = 256
const sleepMs = 3_600_000
/** Longest time of a command, in milliseconds. */
export const timeoutMs = 600_000

const Bench = defineContract('bench', {
  version: '1.0.0',
  owner: 'benchmarks',
  operations: {
    sleepers: command({
      input: t.Object({ from: t.Integer(), to: t.Integer() }),
      output: t.Object({ started: t.Integer() }),
      timeoutMs,
    }),
    load: command({
      input: t.Object({ workers: t.Integer(), ms: t.Integer() }),
      output: t.Object({ calls: t.Integer(), perSecond: t.Number(), p50Us: t.Number(), p99Us: t.Number() }),
      timeoutMs,
    }),
  },
})
const Index = t.Object({ key: t.String(), index: t.Integer() })
/** Sleeps for an hour, then does one step. */
export const sleeper = defineSaga('sleeper', {
  version: 1,
  input: Index,
  key: ({ key }) => key,
  async run(saga, { index }) {
    await saga.sleep(sleepMs)
    return saga.step('wake', () => index)
  },
})
/** Gives the sum of what its steps give. */
export const threeSteps = defineSaga('three-steps', {
  version: 1,
  input: Index,
  key: ({ key }) => key,
  async run(saga, { index }) {
    const [one, two, three] = stepValues(index)
    const first = await saga.step('one', () => one)
    const second = await saga.step('two', () => two)
    return first + second + (await saga.step('three', () => three))
  },
})
const bench = defineService(Bench, {
  database: defineDatabase({ migrations: new URL('./', import.meta.url) }),
  sagas: [sleeper, threeSteps],
  operations: {
    async sleepers({ from, to }, ctx) {
      let next = from
      const work = async (): Promise<void> => {
        while (next < to) {
          const index = next++
          await ctx.sagas.start(sleeper, { key: `sleeper-${index}`, index })
        }
      }
      await Promise.all(Array.from({ length: starters }, work))
      return { started: to - from }
    },
    load: (given, ctx) =>
      loadSagas(given, async (key, index) => {
        await ctx.sagas.start(threeSteps, { key, index })
        return ctx.sagas.result(threeSteps, key)
      }),
  },
})
/** The host, at work, and what it can be asked for. */
export interface BenchHost {
  readonly store: Store
  /** Runs sagas of three steps for a while. */
  load(given: SagaLoad): Promise<Load>
  /** Starts sleepers. */
  sleepers(range: { readonly from: number; readonly to: number }): Promise<unknown>
  stop(drainMs: number): Promise<unknown>
}

export async function startBenchHost(url: string): Promise<BenchHost> {
  const store = await createPostgresStore({ url, service: 'bench' })
  await store.migrate([])
  const host = createHost({
    system: defineSystem({ name: 'bench', services: [service(Bench, async () => ({ bench }))] }),
    environment: realEnvironment(),
    incarnation: `bench#${process.pid}`,
    openStore: async () => store,
    log: silentLog,
    sampleRatio: 0,
  })
  await host.start()
  const { load, sleepers } = Bench.operations
  return {
    store,
    load: (given) => host.invoke(load, { ...given }, { caller: 'bench' }),
    sleepers: (range) => host.invoke(sleepers, { ...range }, { caller: 'bench', timeoutMs }),
    stop: (drainMs) => host.stop({ drainMs }),
  }
}
