/** DBOS Transact: workflows of three steps. Arguments: the URL of its system database, and the size of its pool unless its own default. */
import { importPeer } from './peers.ts'
import { loadSagas, serveSagas, stepValues } from './saga-load.ts'

interface Dbos {
  readonly DBOS: {
    setConfig(config: object): void
    registerWorkflow(
      run: (index: number) => Promise<number>,
      options: { name: string },
    ): (index: number) => Promise<number>
    runStep(act: () => Promise<number>, options: { name: string }): Promise<number>
    startWorkflow(
      workflow: (index: number) => Promise<number>,
      options: { workflowID: string },
    ): (index: number) => Promise<{ getResult(): Promise<number> }>
    launch(): Promise<void>
    shutdown(): Promise<void>
  }
}

const [url = '', poolSize = ''] = process.argv.slice(2)
const { DBOS } = await importPeer<Dbos>('@dbos-inc/dbos-sdk')
DBOS.setConfig({
  name: 'bench',
  systemDatabaseUrl: url,
  logLevel: 'error',
  ...(poolSize !== '' && { systemDatabasePoolSize: Number(poolSize) }),
})
const threeSteps = DBOS.registerWorkflow(
  async (index) => {
    const [one, two, three] = stepValues(index)
    const first = await DBOS.runStep(async () => one, { name: 'one' })
    const second = await DBOS.runStep(async () => two, { name: 'two' })
    return first + second + (await DBOS.runStep(async () => three, { name: 'three' }))
  },
  { name: 'three-steps' },
)
await DBOS.launch()

serveSagas(
  (given) =>
    loadSagas(given, async (key, index) => {
      const handle = await DBOS.startWorkflow(threeSteps, { workflowID: key })(index)
      return handle.getResult()
    }),
  () => DBOS.shutdown(),
)
