/** Ours: a host with one service, whose handler starts sagas and waits for them. Argument: the URL of the database. */
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
import { loadSagas, serveSagas, stepValues } from './saga-load.ts'

const [url = ''] = process.argv.slice(2)
const Bench = defineContract('bench', {
  version: '1.0.0',
  owner: 'benchmarks',
  operations: {
    load: command({
      input: t.Object({ workers: t.Integer(), ms: t.Integer() }),
      output: t.Object({ calls: t.Integer(), perSecond: t.Number(), p50Us: t.Number(), p99Us: t.Number() }),
      timeoutMs: 600_000,
    }),
  },
})
const threeSteps = defineSaga('three-steps', {
  version: 1,
  input: t.Object({ key: t.String(), index: t.Integer() }),
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
  sagas: [threeSteps],
  operations: {
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
  incarnation: 'bench#1',
  openStore: async () => store,
  log: silentLog,
  sampleRatio: 0,
})
await host.start()

serveSagas(
  (given) => host.invoke(Bench.operations.load, { ...given }, { caller: 'bench' }),
  () => host.stop({ drainMs: 500 }),
)
