/**
 * A host with sagas that sleep for an hour and do one step then, and with sagas of three steps beside them. Argument: the URL of the
 * database. It is asked to start so many sleepers, to run the others for a while, and what taking costs when nothing is due.
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
import { silentLog } from 'banyan/telemetry'
import { answerParent } from '../measure/peer.ts'
import { loadSagas, stepValues } from './saga-load.ts'

const starters = 256
const sleepMs = 3_600_000
const timeoutMs = 600_000

const [url = ''] = process.argv.slice(2)
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
const sleeper = defineSaga('sleeper', {
  version: 1,
  input: Index,
  key: ({ key }) => key,
  async run(saga, { index }) {
    await saga.sleep(sleepMs)
    return saga.step('wake', () => index)
  },
})
const threeSteps = defineSaga('three-steps', {
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

answerParent(
  {
    sleepers: (range: { from: number; to: number }) =>
      host.invoke(Bench.operations.sleepers, range, { caller: 'bench', timeoutMs }),
    load: (given: { workers: number; ms: number }) => host.invoke(Bench.operations.load, given, { caller: 'bench' }),
    async takes(times: number) {
      const holder = `probe#${process.pid}`
      const kinds = [sleeper, threeSteps].map(({ name, version }) => ({ name, version }))
      await store.sagas.beat(holder, timeoutMs, new Map())
      let taken = 0
      for (let time = 0; time < times; time++)
        taken += (await store.sagas.take({ holder, kinds, limit: 256 })).taken.length
      await store.sagas.release(holder)
      return taken
    },
    maxRssMb: () => process.resourceUsage().maxRSS / 1_024,
  },
  () => host.stop({ drainMs: 2_000 }),
)
