/**
 * A host with sagas that sleep, and with sagas of three steps beside them. Argument: the URL of the database. It is asked to start so
 * many sleepers, to run the others for a while, and what taking costs when nothing is due.
 */
import { answerParent } from '../measure/peer.ts'
import { sleeper, startBenchHost, threeSteps, timeoutMs } from './bench-host.ts'

const [url = ''] = process.argv.slice(2)
const { store, load, sleepers, stop } = await startBenchHost(url)

answerParent(
  {
    sleepers,
    load,
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
  () => stop(2_000),
)
